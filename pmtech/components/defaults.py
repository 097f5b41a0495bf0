"""What holds for a part that says nothing of it: whoever asks need not know which parts have the field."""

from pmtech.components.autoscale import Autoscale
from pmtech.components.profile import Curve


class Defaults:
    """What holds for a part that has no field of the name."""

    replicas: int = 1
    autoscale: Autoscale | None = None
    max_wait_s: float | None = None
    drops_late: bool = False  # is work not begun whose client has given up?
    batch: int = 1  # so many messages it hands over together, at most
    batch_wait_s: float = 0.0  # and waits at most so long for the last of them
    item_ms: float = 0.0  # work for every further message that is handed over together
    ttl_s: float | None = None  # how old an answer of its own may be
    stale_while_revalidate_s: float = 0.0  # and how much older, while it asks for another one
    health_check_s: float | None = None
    profile: Curve | None = None  # how the load of a source changes over time
    connections: int | None = None  # so many are shared

    @property
    def lends(self) -> float | None:
        """How many requests may be behind it at a time, for each machine that asks."""
        return None

    @property
    def price_usd_per_hour(self) -> float:
        return 0.0

    @property
    def usd_per_call(self) -> float:
        return 0.0
