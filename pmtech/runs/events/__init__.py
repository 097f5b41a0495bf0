"""What happens to a system while it runs, an object each with its own rule."""

from pmtech.runs.events.change import Change
from pmtech.runs.events.deploy import Deploy
from pmtech.runs.events.errors import Errors
from pmtech.runs.events.event import Event, Mark
from pmtech.runs.events.outage import Outage
from pmtech.runs.events.purge import Purge
from pmtech.runs.events.slowdown import Slowdown

__all__ = ["Change", "Deploy", "Errors", "Event", "Mark", "Outage", "Purge", "Slowdown"]
