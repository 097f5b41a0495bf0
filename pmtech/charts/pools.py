"""Servers with a cache each, behind a balancer that knows or does not know who remembers what."""

from pmtech.charts import plot
from pmtech.runs import homes
from pmtech.runs.result import Result
from pmtech.wording import counted, listed, percent

POLICIES = {"in turn": "round_robin", "ring": "consistent_hash"}  # what a line is called -> the policy
Shares = dict[str, dict[int, float]]  # line -> servers -> share of the reads


def hit_ratio(result: Result) -> float:
    """The share of the reads that any of the caches answered, in the second half of the run."""
    if not any(part.remembers for part in result.system.parts):
        raise ValueError("hit_ratios needs servers with a Cache, such as Server() >> Cache() >> Database()")
    return homes.hit_ratio(result, result.duration_s / 2)


def hits(shares: Shares) -> dict:
    """A line for each policy: percent of the reads, by the number of servers."""
    data, notes, most = [], [], max(max(line) for line in shares.values())
    for number, (title, line) in enumerate(shares.items(), 1):
        points = [(servers, 100 * share) for servers, share in line.items()]
        style = plot.series(number)
        data += [plot.line(title, points, style), plot.marks(title, points, size=9, color=style["color"])]
        notes.append(plot.note(title, *points[-1], plot.TEXT, "left", 10))
    x = plot.axis("servers, each with a cache of its own", most * 1.01, tickvals=[*line], showgrid=False)
    y = plot.axis("% of the reads answered by a cache", 104, tickvals=[0, 25, 50, 75, 100])
    return plot.figure(data, notes, x, y, hovermode=False, margin={"r": 80})


def hits_said(shares: Shares) -> list[str]:
    """The chart in sentences."""

    def told(line: dict[int, float]) -> str:
        return listed(f"{percent(share)} with {counted(servers, 'server')}" for servers, share in line.items())

    return [f"{title.capitalize()}: {told(line)}." for title, line in shares.items()]
