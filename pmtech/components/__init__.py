"""The parts of a system, one concept a file, named as people say it in a meeting."""

from pmtech.components.cache import Cache
from pmtech.components.clients import Clients
from pmtech.components.database import Database
from pmtech.components.gateway import Gateway
from pmtech.components.load_balancer import LoadBalancer
from pmtech.components.network import Network
from pmtech.components.rate_limiter import RateLimiter
from pmtech.components.server import Server
from pmtech.components.surge import Surge
from pmtech.components.throttle import Throttle
from pmtech.components.users import Users

__all__ = [
    "Cache",
    "Clients",
    "Database",
    "Gateway",
    "LoadBalancer",
    "Network",
    "RateLimiter",
    "Server",
    "Surge",
    "Throttle",
    "Users",
]
