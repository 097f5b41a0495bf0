"""`brief(result)`: one page to take to work, as Markdown and HTML, with the figures of the learner's own run."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, groupby
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from pmtech.components import Cache, Database, LoadBalancer, RateLimiter, Server, Throttle, Users
from pmtech.course.page import page
from pmtech.diagram import diagram
from pmtech.explain import percent, rate, seconds
from pmtech.layout import layout
from pmtech.result import Result
from pmtech.simulate import simulate
from pmtech.system import System
from pmtech.words import facts_of

TIMES = 10
MOST_REQUESTS = 300_000  # of the run at ten times: more would keep the learner waiting
ROOM = 0.7  # a part is planned to be busy so much of the time at most

# A page: heading -> paragraphs (text), bullets (a list) and tables (a tuple of rows, the first of them the headings).
Page = Mapping[str, list]

STYLE = """
@page { size: A4; margin: 14mm 16mm; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 14px/1.45 system-ui, sans-serif; color: #222; background: #fff; }
h1 { font-size: 22px; line-height: 1.25; margin: 0 0 8px; }
h2 { font-size: 15px; margin: 16px 0 4px; color: #0072b2; }
p, ul { margin: 0 0 6px; }
ul { padding-left: 20px; }
table { border-collapse: collapse; margin: 4px 0 8px; }
th, td { padding: 2px 24px 2px 0; border-bottom: 1px solid #ddd; text-align: right; font-weight: 400; }
th:first-child { text-align: left; padding-left: 0; }
thead th { color: #555; }
svg { max-width: 100%; height: auto; }
@media print { body { margin: 0; max-width: none; padding: 0; font-size: 11.5px; } h1 { font-size: 18px; } h2 { font-size: 13px; margin-top: 10px; } }
"""


@dataclass(frozen=True)
class Brief:
    """The two files that were written. In a notebook it shows links to them, and the page itself."""

    markdown: Path
    html: Path

    def __repr__(self) -> str:
        return f"Brief: {self.markdown} and {self.html}"

    def _repr_html_(self) -> str:
        links = " and ".join(
            html.escape(str(path))
            if path.is_absolute()
            else f'<a href="{quote(path.as_posix())}">{html.escape(str(path))}</a>'
            for path in (self.html, self.markdown)
        )
        sheet = html.escape(self.html.read_text(encoding="utf-8"))
        look = "width: 100%; height: 480px; border: 1px solid var(--pmtech-line); border-radius: var(--pmtech-radius)"
        return page(
            f'<p>Written: {links}</p><iframe title="The page" sandbox="" srcdoc="{sheet}" style="{look}"></iframe>'
        )  # fmt: skip


def brief(
    result: Result | Mapping[str, str | list[str]], *, title: str | None = None, folder: str | Path = "."
) -> Brief:
    """Write a page for stakeholders, as Markdown and HTML, into `folder` (beside the notebook).

    From a `Result`: what was asked, what happens at this load and at ten times (which is simulated now: every client
    sends, or every crowd of users is, ten times as much), the trade-off, questions for engineering, the assumptions.
    Where there was no run, it takes the points themselves: `brief({"What was asked": "...", "To settle": ["...", "..."]})`.
    A file that is there is never written over: another brief gets a number. The same brief again is left as it stands.
    Raises ValueError with a sentence.
    """
    if title is not None and not (isinstance(title, str) and title.strip()):
        raise ValueError(f"title must be a few words, got {title!r}")
    if isinstance(result, Result):
        title, drawn, content = title or "Can it carry ten times the load?", diagram(result.system), _from_run(result)
    elif isinstance(result, Mapping) and result and all(map(_is_text, result.values())):
        title, drawn = title or "What we learned", ""
        content = {str(head): [said if isinstance(said, str) else list(said)] for head, said in result.items()}
    else:
        raise ValueError(f'brief needs a Result, or points such as {{"What was asked": "..."}}, got {result!r}')
    return _write(Path(folder), title, _markdown(title, content), _html(title, content, drawn))


def _is_text(said) -> bool:
    return isinstance(said, str) or (isinstance(said, list | tuple) and all(isinstance(line, str) for line in said))


# --- what it says ----------------------------------------------------------------------------------------------------


def ten_times(system: System) -> System:
    """The same design with ten times the customers."""
    values = {}
    for name, source in system.sources.items():
        field = "count" if isinstance(source, Users) else "rate_per_s"
        values[f"{name}.{field}"] = getattr(source, field) * TIMES
    return system.replace(values)


def _from_run(today: Result) -> Page:
    offered = max(today.summary.offered_per_s, 0.01)
    lasts = min(today.window_s, max(5.0, MOST_REQUESTS / (TIMES * offered)))
    then = simulate(
        ten_times(today.system), duration_s=today.warmup_s + lasts, warmup_s=today.warmup_s, seed=today.seed
    )
    boxes = sorted(layout(today.system).boxes, key=lambda box: box.x)
    way = ", then ".join(
        " and ".join(box.name for box in column) for _, column in groupby(boxes, key=lambda box: box.x)
    )
    asked = (
        f"Does this design carry today's load of {rate(offered)} requests a second, and what happens at ten times as much? "
        f"The way of a request: {way}."
    )
    return {
        "What was asked": [asked],
        "What happens": [_table(today, then), [f"Today: {today.explain()}", f"At ten times: {then.explain()}"]],
        "The trade-off": [_trade_off(today, then)],
        "To settle with engineering": [_questions(today)],
        "Assumptions": [_assumptions(today, then)],
    }


def _table(today: Result, then: Result) -> tuple:
    def figures(result: Result) -> list[str]:
        s, inside = result.summary, int((result.requests.status == 0).sum())
        waits = ["–" if ms != ms else seconds(ms / 1000) for ms in (s.mean_ms, s.p95_ms, s.p99_ms)]
        return [
            rate(s.offered_per_s),
            rate(s.served_per_s),
            percent(s.error_rate),
            *waits,
            f"{inside:,}",
            f"{s.cost_usd_per_hour:.2f} USD",
        ]

    names = ["Requests a second", "Answered a second", "Turned away", "Average time to an answer", "95 of 100 of those answered, within",
             "99 of 100 of those answered, within", "Still without an answer at the end", "Cost an hour"]  # fmt: skip
    return (("", "today", "ten times"), *zip(names, figures(today), figures(then), strict=True))


class _Pool(NamedTuple):
    """Servers or databases that stand side by side: how busy they are, and what they cost an hour."""

    label: str
    busy: float
    usd_per_hour: float


def _pools(result: Result) -> list[_Pool]:
    """The busiest first."""
    pools: dict[str, list] = {}
    for name, part in result.system.components.items():
        if isinstance(part, Server | Database):
            pools.setdefault(part.slug, []).append((name, part))
    found = []
    for twins in pools.values():
        (name, part), number = twins[0], sum(getattr(part, "replicas", 1) for _, part in twins)
        usd = sum(part.price_usd_per_hour * getattr(part, "replicas", 1) for _, part in twins)
        busy = float(result.components.utilisation[[name for name, _ in twins]].mean())
        found.append(_Pool(f"each of the {number} {part.label}s" if number > 1 else part.label, busy, usd))
    return sorted(found, key=lambda pool: -pool.busy)


def _trade_off(today: Result, then: Result) -> list[str]:
    said, pools, s, t = [], _pools(today), today.summary, then.summary
    if pools:
        share, full = pools[0].busy, f"Today {pools[0].label} is busy {percent(pools[0].busy)} of the time"
        said.append(
            f"{full}: the same design is full at {1 / share:.1f} times today's load, and slow well before that."
            if 0 < share < 0.97
            else f"{full}: there is no room left, not even for today's busy moments."
        )
    within = f"{seconds(t.p95_ms / 1000)} (95 of 100)"
    if t.error_rate > 0.01:
        said.append(
            f"At ten times, {percent(t.error_rate)} of the requests are turned away. Those served have an answer within {within}."
        )
    elif t.served_per_s < 0.97 * t.offered_per_s:
        grows = "" if _crowds(today.system) else ", longer every second"
        said.append(
            f"At ten times, {rate(t.served_per_s)} of {rate(t.offered_per_s)} requests a second are answered. Nobody is turned "
            f"away: everybody waits{grows}."
        )
    else:
        said.append(f"At ten times, everybody is still answered, within {within}.")
    # What would be needed, as machines like today's; whoever is not served today would bring work, too.
    scale = TIMES / ROOM * s.offered_per_s / max(s.served_per_s, 1e-9)
    short = {pool: pool.busy * scale for pool in pools if pool.busy * scale > 1}
    if short:
        usd = s.cost_usd_per_hour + sum(pool.usd_per_hour * (times - 1) for pool, times in short.items())
        needs = " and ".join(f"{times:.1f} times {pool.label}" for pool, times in short.items())
        said.append(
            f"Serving all of it with {percent(1 - ROOM)} kept free takes about {needs}: roughly {usd:.2f} USD an hour in place of "
            f"{s.cost_usd_per_hour:.2f}. Cheaper: answer fewer (turn some away), later (let them wait) or from memory (a cache). "
            "Each is a decision about whose requests matter."
        )
    return said


def _crowds(system: System) -> bool:
    """Are all customers users who wait for their answer before they ask again?"""
    return all(isinstance(source, Users) for source in system.sources.values())


def _questions(today: Result) -> list[str]:
    system, s = today.system, today.summary
    parts, pools = list(system.components.values()), _pools(today)
    asked = [
        f"What time to an answer do we promise, to how many of 100, up to which load? (Here: {seconds(s.p95_ms / 1000)} for 95, "
        f"at {rate(s.offered_per_s)} a second.)"
        if s.p95_ms == s.p95_ms
        else "What time to an answer do we promise, to how many of 100, up to which load?",
        "What was our busiest minute, measured, and what will the next launch bring?",
    ]
    if pools:
        asked.append(f"Is it {pools[0].label} that fills up first in reality, too? Which measurement shows it?")
    by_part = {
        RateLimiter: "Is the limit the right one for every customer? What does a customer's software do when it is refused?",
        Throttle: "How long may a request wait, whose go first, and what is the customer told meanwhile?",
        Cache: "How old may an answer be? What happens after a restart, when the cache is empty?",
        LoadBalancer: "If one machine dies at the peak, have the others room, and how soon is it noticed?",
        Database: "There is one database: what do customers see while it is down, and who brings it back?",
    }
    asked += [text for kind, text in by_part.items() if any(isinstance(part, kind) for part in parts)]
    return asked[:5]


def _assumptions(today: Result, then: Result) -> list[str]:
    sources = list(today.system.sources.values())
    facts = [
        f"{today.system.label(name)}: {', '.join(said)}"
        for name, part in today.system.components.items()
        if (said := facts_of(part, getattr(part, "replicas", 1)))
    ]
    crowds = _crowds(today.system)
    customers = (
        "users wait for an answer and think before they ask again" if crowds else "requests come at random moments"
    )
    impatient = any(source.timeout_ms or source.retries for source in sources)
    patience = "some give up or try again" if impatient else "nobody gives up or tries again"
    return [
        f"A simulation, not a measurement: {seconds(today.window_s)} today, {seconds(then.window_s)} at ten times, of the same "
        f"customers (seed {today.seed}); at ten times without outages or other events.",
        *([f"Put in by us: {'; '.join(facts)}."] if facts else []),
        f"Customers: {customers}, {patience}; the mix stays the same at ten times.",
        "Left out: growing data, new releases, attacks, people who turn away because it is slow.",
    ]


# --- how it is written -----------------------------------------------------------------------------------------------


def _markdown(title: str, content: Page) -> str:
    lines = [f"# {title}", ""]
    for head, blocks in content.items():
        lines += [f"## {head}", ""]
        for block in blocks:
            if isinstance(block, tuple):
                first, *rest = [f"| {' | '.join(row)} |" for row in block]
                lines += [first, "|---" + "|---:" * (len(block[0]) - 1) + "|", *rest, ""]
            else:
                lines += [block, ""] if isinstance(block, str) else [*(f"- {line}" for line in block), ""]
    return "\n".join(lines)


def _html(title: str, content: Page, drawn: str) -> str:
    said = []
    for number, (head, blocks) in enumerate(content.items()):
        said.append(f"<h2>{html.escape(head)}</h2>")
        for block in blocks:
            if isinstance(block, tuple):
                top, *rows = [[html.escape(cell) for cell in row] for row in block]
                body = "".join(
                    f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>'
                    for row in rows
                )
                heads = "".join(f'<th scope="col">{cell}</th>' for cell in top)
                said.append(f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>")
            elif isinstance(block, str):
                said.append(f"<p>{html.escape(block)}</p>")
            else:
                said.append(f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in block)}</ul>")
        said.append(drawn if number == 0 else "")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>{html.escape(title)}</h1>\n{chr(10).join(said)}\n</body></html>\n"
    )


def _write(folder: Path, title: str, markdown: str, sheet: str) -> Brief:
    folder.mkdir(parents=True, exist_ok=True)
    slug = re.sub(r"[^\w]+", "-", title.lower()).strip("-")[:60].rstrip("-") or "page"
    for number in count(1):
        stem = f"brief-{slug}" + (f"-{number}" if number > 1 else "")
        files = {folder / f"{stem}.md": markdown, folder / f"{stem}.html": sheet}
        if not any(path.exists() for path in files):
            for path, text in files.items():
                with path.open("x", encoding="utf-8") as file:
                    file.write(text)
            return Brief(*files)
        if all(path.exists() and path.read_text(encoding="utf-8") == text for path, text in files.items()):
            return Brief(*files)
