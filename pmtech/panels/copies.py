"""A real copy is killed behind a real proxy: who answered, and what failed."""

from pmtech.charts import copies as chart
from pmtech.panels.figure import Figure
from pmtech.web.experiments.copies import kill_one
from pmtech.web.proxy.copies import MISSING, NAMES, WAYS, Copies


def kill_copy(copies: Copies | None) -> Figure | None:
    """Kill one of the copies that `start_copies()` started, start it anew, and show which requests failed, and for how long.

    Three customers ask ten times a second each; for the first the proxy takes the copies in turn, for the second it asks
    each copy every second whether it is well, for the third it also tries again elsewhere. About five seconds.
    Without copies (`None`: there is no proxy here) it says so.
    """
    if copies is None:
        print(MISSING)
        return None
    killed = kill_one(copies)
    blocks = {
        f"The proxy {way}": [(one.at_s, one.served_by if one.status == 200 else None) for one in killed.of(way)]
        for way in WAYS
    }
    moments = {f"{killed.victim} killed": killed.killed_s, "a new one": killed.back_s}
    return Figure(figure=chart.figure(blocks, NAMES, moments), height=350, name="A copy that dies", said=killed.said)
