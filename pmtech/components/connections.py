"""Layer 4: a balancer picks a target for each connection, and all requests on it go there."""

from pmtech.components.fields import checked
from pmtech.engine.part import Part


def layer():
    """A field that holds 7 or 4."""

    def check(name: str, value):
        if type(value) is not int or value not in (7, 4):
            raise ValueError(f"{name} must be 7 (requests) or 4 (connections), got {value!r}")
        return value

    return checked(7, check, kind="choice", options=(7, 4))


class Connections:
    """Where each connection leads, until it ends or its target dies."""

    def __init__(self, targets: list[Part]):
        self.targets = targets
        # connection -> (which life, its target, whose deaths till then)
        self.kept: dict[tuple, tuple[int, int, int]] = {}

    def find(self, connection: tuple, life: int) -> int | None:
        """The number of its target; None: one is to be picked."""
        kept_life, target, deaths = self.kept.get(connection, (None, 0, 0))
        there = self.targets[target].answering
        return target if kept_life == life and len(there.deaths) == deaths and there.alive else None

    def keep(self, connection: tuple, life: int, target: int) -> None:
        self.kept[connection] = life, target, len(self.targets[target].answering.deaths)

    def resize(self, targets: list[Part], retired: set[int]) -> None:
        """There are other machines; connections to one that is retired are picked anew."""
        self.targets = targets
        self.kept = {connection: kept for connection, kept in self.kept.items() if kept[1] not in retired}
