"""`brief(result)`: one page to take to work, as Markdown and HTML, with the figures of the learner's own run."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from math import isnan
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from pmtech.components import Cache, Clients, Database, LoadBalancer, RateLimiter, Server, Throttle, Users
from pmtech.course.page import page
from pmtech.diagram import diagram
from pmtech.diagram.layout import layout
from pmtech.diagram.words import facts_of
from pmtech.panels.live.replay import dead
from pmtech.runs.certainty import as_set
from pmtech.runs.result import Result
from pmtech.runs.simulate import Outage, simulate
from pmtech.system.system import System
from pmtech.wording import listed, percent, rate, seconds

TIMES = 10
MOST_REQUESTS = 300_000  # of the run at ten times: more would keep the learner waiting
FREE = 0.3  # of a part's time, where growth is planned
COME = {"poisson": "at random moments", "even": "at equal distances", "log": "as in the log"}
STYLE = (Path(__file__).parent / "brief.css").read_text(encoding="utf-8")

# A page: heading -> paragraphs (text), bullets (a list), tables (a tuple of rows, the first of them the headings).
Page = Mapping[str, list]

QUESTIONS = {
    RateLimiter: "Is the limit right for every customer? What does a customer's software do when it is refused?",
    Throttle: "How long may a request wait, whose go first, and what is the customer told meanwhile?",
    Cache: "How old may an answer be? What happens after a restart, when the cache is empty?",
    LoadBalancer: "If one machine dies at the peak, have the others room, and how soon is it noticed?",
    Database: "What do customers see while the database is down, and who brings it back?",
}


@dataclass(frozen=True)
class Brief:
    """The two files that were written. In a notebook it shows links to them, and the page itself."""

    markdown: Path
    html: Path

    def __repr__(self) -> str:
        return f"Brief: {self.markdown} and {self.html}"

    def _repr_html_(self) -> str:
        paths = [(path, html.escape(str(path))) for path in (self.html, self.markdown)]
        links = [p if path.is_absolute() else f'<a href="{quote(path.as_posix())}">{p}</a>' for path, p in paths]
        sheet = html.escape(self.html.read_text(encoding="utf-8"))
        look = "width: 100%; height: 480px; border: 1px solid var(--pmtech-line); border-radius: var(--pmtech-radius)"
        frame = f'<iframe title="The page" sandbox="" srcdoc="{sheet}" style="{look}"></iframe>'
        return page(f"<p>Written: {' and '.join(links)}. The page (scroll in it):</p>{frame}")


def brief(
    result: Result | Mapping[str, str | list[str]], *, title: str | None = None, folder: str | Path = "."
) -> Brief:
    """Write a page for stakeholders, as Markdown and HTML, into `folder` (beside the notebook).

    From a `Result`: the answer as far as the run has it, what happens at this load and at ten times (simulated now:
    every client sends, or every crowd of users is, ten times as much), the trade-off, questions for engineering, the
    assumptions.
    Where there was no run, it takes the points: `brief({"What was asked": "...", "To settle": ["...", "..."]})`.
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
    fields = {name: "count" if isinstance(part, Users) else "rate_per_s" for name, part in system.sources.items()}
    paths = [f"{name}.{field}" for name, field in fields.items()]
    return system.replace({path: system.get(path) * TIMES for path in paths})


def _from_run(now: Result) -> Page:
    offered = max(now.summary.offered_per_s, 0.01)
    warmup_s, lasts_s = now.warmup_s, min(now.window_s, MOST_REQUESTS / (TIMES * offered))
    then = simulate(ten_times(now.system), duration_s=warmup_s + lasts_s, warmup_s=warmup_s, seed=now.seed)
    asked = (
        f"What happens at {rate(_asked(now))} requests a second, and at ten times as many? "
        f"The way of a request: {layout(now.system).way}."
    )
    return {
        "The answer": [_answer(now, then)],
        "What was asked": [asked],
        "What happens": [
            _table(now, then),
            *_each_client(now),
            [f"At this load: {now.explain()}", f"At ten times: {then.explain()}", *_by_chance(now)],
        ],
        "The trade-off": [_trade_off(now, then)],
        "To settle with engineering": [_questions(now)],
        "Assumptions": [_assumptions(now, then)],
    }


def _asked(result: Result, name: str | None = None) -> float:
    """Requests a second of a client, or of all: as set, if chance alone explains the difference to those that came."""
    sources = result.system.sources
    parts = [sources[name]] if name else sources.values()
    came = result.by_client.offered_per_s[name] if name else result.summary.offered_per_s
    by_chance = all(isinstance(part, Clients) and part.arrivals != "log" and not part.surge for part in parts)
    if result.at_end == result.system and by_chance:
        expected = sum(part.rate_per_s for part in parts) * result.window_s
        return as_set(came * result.window_s, expected) / result.window_s
    return came


def _answered(result: Result) -> float:
    """Requests a second that were answered; where nobody was left over, as many as asked."""
    s = result.summary
    return _asked(result) if _keeps_up(result) and not s.error_rate else s.served_per_s


def _keeps_up(result: Result) -> bool:
    """Is whoever is not refused answered, but for those who came last?"""
    s = result.summary
    return s.served_per_s >= (0.97 - s.error_rate) * s.offered_per_s


def _answer(now: Result, then: Result) -> str:
    deaths = [f"{dead(now.system, e)} down for {seconds(e.for_s)}" for e in now.events if isinstance(e, Outage)]
    though, whole = (f", with {listed(deaths)},", " and nothing down") if deaths else ("", "")
    said = f"At {rate(_asked(now))} requests a second{though} {_outcome(now)}. At {rate(_asked(then))}{whole}, {_outcome(then)}."
    ages = [part.ttl_s for part in now.system.parts if isinstance(part, Cache) and part.ttl_s is not None]
    return f"{said} An answer from memory is up to {seconds(max(ages))} old." if ages else said


def _outcome(result: Result) -> str:
    s, served = result.summary, f"95 of 100 within {_times(result)}"
    if not s.offered_per_s:
        return "there is nothing to answer"
    if isnan(s.p95_ms):
        return "nobody is answered"
    lost = result.by_client.error_rate
    whose = [f"{percent(x)} of {result.system.label(c)}'s" for c, x in lost.items() if x > 0.01]
    share = listed(whose) if whose and len(lost) > 1 else percent(s.error_rate)
    refused = f"{share} {_lost(result)}" if s.error_rate > 0.01 else ""
    if _keeps_up(result):
        everybody = "nearly all are" if s.error_rate else "all are"
        return f"{f'{refused}; the others are' if refused else everybody} answered, {served}"
    left, waits = f"only {rate(s.served_per_s)} a second are answered", f"the others wait{_longer(result.system)}"
    return f"{refused}, {left}, and {waits}" if refused else f"{left}; {waits}"


def _lost(result: Result) -> str:
    return "are refused" if set(result.requests.status) <= {0, 200, 429, 503} else "are refused or fail"


def _times(result: Result) -> str:
    """The p95, of each client where there are several."""
    each = {result.system.label(name): _time(ms) for name, ms in result.by_client.p95_ms.items() if not isnan(ms)}
    if len(set(each.values())) == 1:
        return next(iter(each.values()))
    return ", ".join(f"{said} ({name})" for name, said in each.items())


def _by_chance(result: Result) -> list[str]:
    came, asked, sources = rate(result.summary.offered_per_s), rate(_asked(result)), result.system.sources.values()
    if came != asked:
        return [f"Customers come at random: in this run {came} requests a second came, {asked} are to be expected."]
    if all(_of_log(part) for part in sources) and came != (average := rate(sum(part.rate_per_s for part in sources))):
        return [
            f"Customers come as in the log: in this part of it {came} requests a second came, {average} are its average."
        ]
    return []


def _of_log(source) -> bool:
    return getattr(source, "arrivals", "") == "log"


def _each_client(result: Result) -> list[tuple]:
    """A table of the clients, where there are several."""
    each = result.by_client
    rows = [
        (result.system.label(name), rate(_asked(result, name)), percent(c.error_rate), _time(c.p95_ms), _time(c.p99_ms))
        for name, c in each.iterrows()
    ]
    heads = ("each at this load", "requests a second", "refused or failed", "95 of 100 within", "99 of 100 within")
    return [(heads, *rows)] if len(rows) > 1 else []


def _time(ms: float) -> str:
    return "–" if isnan(ms) else seconds(ms / 1000)


def _table(now: Result, then: Result) -> tuple:
    a, b = now.summary, then.summary
    inside = [f"{int((result.requests.status == 0).sum()):,}" for result in (now, then)]
    return (
        ("", "this load", "ten times"),
        ("Requests a second", rate(_asked(now)), rate(_asked(then))),
        ("Answered a second", rate(_answered(now)), rate(_answered(then))),
        ("Refused or failed", percent(a.error_rate), percent(b.error_rate)),
        ("Average time to an answer", _time(a.mean_ms), _time(b.mean_ms)),
        ("95 of 100 of those answered, within", _time(a.p95_ms), _time(b.p95_ms)),
        ("99 of 100 of those answered, within", _time(a.p99_ms), _time(b.p99_ms)),
        ("Still in work or in line at the end", *inside),
        ("Cost an hour", f"{a.cost_usd_per_hour:.2f} USD", f"{b.cost_usd_per_hour:.2f} USD"),
    )


class _Pool(NamedTuple):
    """Servers or databases that stand side by side: how busy they are, and what they cost an hour."""

    label: str
    number: int
    busy: float
    usd_per_hour: float


def _pools(result: Result) -> list[_Pool]:
    """The busiest first."""
    twins: dict[str, list] = {}
    for name, part in result.system.components.items():
        if isinstance(part, Server | Database):
            twins.setdefault(part.label, []).append((name, part, getattr(part, "replicas", 1)))
    pools = []
    for label, members in twins.items():
        number = sum(copies for _, _, copies in members)
        busy = float(result.components.utilisation[[name for name, _, _ in members]].mean())
        usd = sum(part.price_usd_per_hour * copies for _, part, copies in members)
        kind = type(members[0][1])
        many = f"the {number} {kind.__name__.lower()}s{f' “{label}”' * (label != kind().label)}"
        pools.append(_Pool(f"“{label}”" if number == 1 else many, number, busy, usd))
    return sorted(pools, key=lambda pool: -pool.busy)


def _trade_off(now: Result, then: Result) -> list[str]:
    said, pools, s, t = [], _pools(now), now.summary, then.summary
    if pools:
        share, is_ = pools[0].busy, "is" if pools[0].number == 1 else "are"
        begin = f"At this load {pools[0].label} {is_} busy {percent(share)} of the time"
        if 0 < share < 0.97 and any(isinstance(p, RateLimiter | Throttle | Cache) for p in now.system.parts):
            said.append(f"{begin}; it is slow well before it is full.")  # it is sent less than in proportion
        elif 0 < share < 0.97:
            said.append(
                f"{begin}: the same design is full at {1 / share:.1f} times the load, and slow well before that."
            )
        elif share:
            said.append(f"{begin}: there is no room left, not even for its busy moments.")
    within = f"within {_time(t.p95_ms)} (95 of 100)"
    if t.error_rate > 0.01:
        said.append(f"At ten times, {percent(t.error_rate)} {_lost(then)}; those served have an answer {within}.")
    elif t.served_per_s < 0.97 * t.offered_per_s:
        answered = f"{rate(t.served_per_s)} of {rate(_asked(then))} requests a second are answered"
        said.append(f"At ten times, {answered}. Nobody is refused: everybody waits{_longer(now.system)}.")
    else:
        said.append(f"At ten times, everybody is still answered, {within}.")
    # As machines like these; whoever is not served now would bring work, too.
    scale = TIMES / (1 - FREE) * s.offered_per_s / max(s.served_per_s, 1e-9)
    short = {pool: pool.busy * scale for pool in pools if pool.busy * scale > 1}
    if short:
        usd = s.cost_usd_per_hour + sum(pool.usd_per_hour * (times - 1) for pool, times in short.items())
        needs = listed(f"{times:.1f} times {pool.label}" for pool, times in short.items())
        memory = "answers kept for longer" if any(isinstance(part, Cache) for part in now.system.parts) else "a cache"
        said.append(
            f"Serving all of it with {percent(FREE)} kept free takes about {needs}: roughly {usd:.2f} USD an hour in "
            f"place of {s.cost_usd_per_hour:.2f}. Cheaper: answer fewer (turn some away), later (let them wait) or from "
            f"memory ({memory}). Each is a decision about whose requests matter."
        )
    return said


def _crowds(system: System) -> bool:
    """Are all customers users who wait for their answer before they ask again?"""
    return all(isinstance(source, Users) for source in system.sources.values())


def _longer(system: System) -> str:
    """How waiting goes on: users who wait do not come again meanwhile."""
    return "" if _crowds(system) else ", longer every second"


def _questions(now: Result) -> list[str]:
    s, pools, parts = now.summary, _pools(now), now.system.parts
    here = f" (Here: {_times(now)} for 95, at {rate(_asked(now))} a second.)"
    return [
        f"What time to an answer do we promise, to how many of 100, up to which load?{'' if isnan(s.p95_ms) else here}",
        "What was our busiest minute, measured, and what will the next launch bring?",
        *[
            f"Is it {pool.label} that fill{'s' * (pool.number == 1)} up first in reality, too? Which measurement shows it?"
            for pool in pools[:1]
        ],
        *[text for kind, text in QUESTIONS.items() if any(isinstance(part, kind) for part in parts)],
    ][:5]


def _assumptions(now: Result, then: Result) -> list[str]:
    parts = now.system.parts
    # A dict, so that twins are named once.
    facts = {(part.label, *facts_of(part, getattr(part, "replicas", 1)), *_checks(part)): None for part in parts}
    put_in = "; ".join(f"{label}: {', '.join(said)}" for label, *said in facts if said)
    sources = now.system.sources.values()
    customers = f"requests come {listed(dict.fromkeys(COME[getattr(part, 'arrivals', 'poisson')] for part in sources))}"
    if _crowds(now.system):
        customers = "users wait for an answer and think before they ask again"
    for part in filter(_of_log, sources):
        played = [
            seconds(run.duration_s / part.lasts_s * times * part.log.lasts_s)
            for run, times in ((now, 1), (then, TIMES))
        ]
        customers += f" ({played[0]} of it at this load, {played[1]} at ten times; after {seconds(part.log.lasts_s)} it begins again)"
    impatient = any(source.timeout_ms or source.retries for source in sources)
    lasts = f"{seconds(now.window_s)} at this load, {seconds(then.window_s)} at ten times"
    return [
        f"A simulation, not a measurement: {lasts}, of the same customers; at ten times without "
        "outages or other events.",
        *([f"Put in by us: {put_in}."] if put_in else []),
        f"Customers: {customers}; {'some give up or try again' if impatient else 'nobody gives up or tries again'}.",
        "Prices are those put into the model: invented, unless they were taken from a price list.",
        "Left out: growing data, new releases, attacks, people who turn away because it is slow.",
    ]


def _checks(part) -> list[str]:
    """Whether a load balancer finds out who is dead."""
    if not isinstance(part, LoadBalancer):
        return []
    return [f"a health check every {seconds(part.health_check_s)}" if part.health_check_s else "no health checks"]


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
    """The same, with the picture of the design after the first heading's text."""
    said = []
    for head, blocks in content.items():
        said += [f"<h2>{html.escape(head)}</h2>", *map(_block, blocks), drawn]
        drawn = ""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>{html.escape(title)}</h1>\n{chr(10).join(said)}\n</body></html>\n"
    )


def _block(block: str | list | tuple) -> str:
    if isinstance(block, str):
        return f"<p>{html.escape(block)}</p>"
    if isinstance(block, list):
        return f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in block)}</ul>"
    heads, *rows = [[html.escape(cell) for cell in row] for row in block]
    top = "".join(f'<th scope="col">{cell}</th>' for cell in heads)
    body = "".join(f'<tr><th scope="row">{name}</th><td>{"</td><td>".join(cells)}</td></tr>' for name, *cells in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _write(folder: Path, title: str, markdown: str, sheet: str) -> Brief:
    folder.mkdir(parents=True, exist_ok=True)
    slug = re.sub(r"\W+", "-", title.lower()).strip("-")[:60].rstrip("-") or "page"
    for number in count(1):
        stem = f"brief-{slug}" + (f"-{number}" if number > 1 else "")
        files = {folder / f"{stem}.md": markdown, folder / f"{stem}.html": sheet}
        there = [path for path in files if path.exists()]
        if not there:
            for path, text in files.items():
                with path.open("x", encoding="utf-8") as file:
                    file.write(text)
        if not there or all(path in there and path.read_text(encoding="utf-8") == files[path] for path in files):
            return Brief(*files)
