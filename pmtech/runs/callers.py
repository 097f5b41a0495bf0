"""Who calls, what for, and when most: an access log as a table."""

from pmtech.components import Clients
from pmtech.runs.table import Table

MOST = 5


def busiest(clients: Clients) -> Table:
    """The largest callers, the most wanted endpoints, and the busiest second, minute and hour of `Clients.from_log(...)`.

    A row each: requests, their share of all, and how many a second on average. Raises ValueError for clients without a log.
    """
    log = getattr(clients, "log", None)
    if log is None:
        raise ValueError(f"busiest needs clients with a log, as Clients.from_log(path) gives them, got {clients!r}")
    rows = {
        f"{what} {name}": (many, many / log.lasts_s)
        for what in ("caller", "endpoint")
        for name, many in list(log.counts(what).items())[:MOST]
    }
    for word, lasts_s in {"second": 1, "minute": 60, "hour": 3600}.items():
        if lasts_s < log.lasts_s:
            begins, many = log.busiest(lasts_s)
            rows[f"busiest {word}, from {begins}"] = many, many / lasts_s
    shown = {row: {"asked": many, "share": many / len(log), "per_s": per_s} for row, (many, per_s) in rows.items()}
    return Table.of(shown, {"asked": ("requests", ""), "share": ("of all", "%"), "per_s": ("a second", "")})
