"""`brief(result)`: one page to take to work, with the figures of the learner's own run."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isnan, nan
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from pmtech import files
from pmtech.course.check import task
from pmtech.course.page import page
from pmtech.course.task import Marking
from pmtech.diagram import diagram
from pmtech.diagram.layout import layout
from pmtech.escapes import markdown
from pmtech.findings.backlog import Backlog, standing
from pmtech.findings.thresholds import PART, STANDING
from pmtech.runs.certainty import as_set
from pmtech.runs.result import Result
from pmtech.runs.simulate import simulate
from pmtech.system.system import System
from pmtech.wording import listed, percent, rate, seconds

TIMES = 10
MOST_REQUESTS = 300_000  # of the run at ten times: more would keep the learner waiting
FREE = 0.3  # of a part's time, where growth is planned
STYLE = (Path(__file__).parent / "brief.css").read_text(encoding="utf-8")

# A page: heading -> paragraphs (text), bullets (a list), tables (a tuple of rows, the first of them the headings), and
# what is said of each name (a dict).
Page = Mapping[str, list]


@dataclass(frozen=True)
class Brief:
    """The page that was written. In a notebook it shows the page, with a button to take it along and one to copy it.

    html: the file. text: the same as Markdown. shown: the page's body.
    """

    html: Path
    text: str
    shown: str = field(repr=False)

    def __repr__(self) -> str:
        return f"Brief: {self.html}"

    @property
    def markdown(self) -> Path:
        """The page as a file in Markdown, beside the other; it is written when it is asked for."""
        return _written({self.html.with_suffix(".md"): self.text})

    def _repr_html_(self) -> str:
        path, name = html.escape(str(self.html)), html.escape(self.html.name)
        link = path if self.html.is_absolute() else f'<a href="{quote(self.html.as_posix())}">{path}</a>'
        sheet = base64.b64encode(self.html.read_bytes()).decode()
        save = f'<a class="pmtech-next" download="{name}" href="data:text/html;base64,{sheet}">Download the page</a>'
        copy = f'<button type="button" onclick="{html.escape(COPY)}">Copy it as text</button>'
        text = f'<textarea hidden aria-hidden="true">{html.escape(self.text)}</textarea>'
        # Its headings are none of the lesson's: they must not stand in the table of contents.
        body = re.sub(r"<h([12])>(.*?)</h\1>", _heading, self.shown)
        buttons = f'<p class="pmtech-buttons">{save}{copy}{text}<span class="pmtech-quiet">Kept as {link}</span></p>'
        return page(f'{buttons}<div class="pmtech-sheet">{body}</div>')


# Not by the clipboard of the browser alone, which a page that came over plain HTTP may not use.
COPY = """const text = this.nextElementSibling; text.hidden = false; text.select();
this.textContent = document.execCommand('copy') ? 'Copied' : 'It could not be copied'; text.hidden = true; this.focus()"""


def _heading(found: re.Match) -> str:
    level, words = found.groups()
    return f'<div class="pmtech-head-{level}" role="heading" aria-level="{int(level) + 2}">{words}</div>'


def brief(
    result: Result | Mapping[str, str | list[str]],
    *,
    title: str | None = None,
    promise: str | None = None,
    folder: str | Path = ".",
) -> Brief:
    """Write a page for stakeholders into `folder` (beside the notebook): one file, that opens and prints anywhere.

    From a `Result`: target, decision, recommendation and owner, the answer as far as the run has it, what happens at this
    load and at ten times (simulated now: every client sends, or every crowd of users is, ten times as much), the
    trade-off, questions for engineering, the assumptions. promise: the task whose targets the design was tested against,
    such as "01.your_turn"; how it did stands in the page.
    Where there was no run, it takes the points: `brief({"What was asked": "...", "To settle": ["...", "..."]})`.
    A file that is there is never written over: another brief gets a number. The same brief again is left as it stands.
    Raises ValueError with a sentence.
    """
    if title is not None and not (isinstance(title, str) and title.strip()):
        raise ValueError(f"title must be a few words, got {title!r}")
    if isinstance(result, Result):
        marked = task(promise).mark(result.system) if promise else None
        tested = marked if marked and marked.counts else None  # of another system there is nothing to say
        title, drawn = title or "Can it carry ten times the load?", diagram(result.at_end)
        content = _from_run(result, tested)
    elif isinstance(result, Mapping) and result and all(map(_is_text, result.values())):
        title, drawn = title or "What we learned", ""
        content = {str(head): [said if isinstance(said, str) else list(said)] for head, said in result.items()}
    else:
        raise ValueError(f'brief needs a Result, or points such as {{"What was asked": "..."}}, got {result!r}')
    return written(title, content, folder, drawn)


def written(title: str, content: Page, folder: str | Path, drawn: str = "") -> Brief:
    """The page as a file; `drawn` is a picture for its first heading."""
    body = _body(title, content, drawn)
    slug = re.sub(r"\W+", "-", title.lower()).strip("-")[:60].rstrip("-") or "page"
    path = _written({Path(folder) / f"brief-{slug}.html": _html(title, body)})
    return Brief(path, _markdown(title, content), body)


def _is_text(said) -> bool:
    return isinstance(said, str) or (isinstance(said, list | tuple) and all(isinstance(line, str) for line in said))


# --- what it says ----------------------------------------------------------------------------------------------------


def ten_times(system: System) -> System:
    """The same design with ten times the customers."""
    paths = [f"{name}.{part.load_field}" for name, part in system.sources.items()]
    return system.replace({path: system.get(path) * TIMES for path in paths})


def _from_run(now: Result, tested: Marking | None) -> Page:
    offered = max(now.summary.offered_per_s, 0.01)
    warmup_s, lasts_s = now.warmup_s, min(now.window_s, MOST_REQUESTS / (TIMES * offered))
    then = simulate(ten_times(now.at_end), duration_s=warmup_s + lasts_s, warmup_s=warmup_s, seed=now.seed)
    asked = (
        f"What happens at {rate(_asked(now))} requests a second, and at ten times as many? "
        f"The way of a request: {layout(now.system).way}."
    )
    return {
        "To decide": [_decision(now, then, tested)],
        "The answer": [_answer(now, then), *_promise(tested)],
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


def _decision(now: Result, then: Result, tested: Marking | None) -> dict[str, str]:
    """What the page is for: target, decision, recommendation, owner."""
    target = f"{tested.title}." if tested else "None was tested. Agree on one first: which time, for how many of 100?"
    return {
        "Target": target,
        "Decision": f"Is this design what we run at {rate(_asked(now))} requests a second, and what has to be settled "
        "before more come?",
        "Recommendation": _recommendation(now, then, tested),
        "Owner": "to be named, with a date.",
    }


def _recommendation(now: Result, then: Result, tested: Marking | None) -> str:
    """What the runs speak for."""
    pools = _pools(now)
    if tested and not (tested.passed or tested.kept):
        return f"Not as it is: {' '.join(tested.gaps)}"
    if not _keeps_up(now) or _falls_behind(now):
        return f"Not as it is: at this load {_outcome(now)}."
    holds = _keeps_up(then) and not _falls_behind(then)
    if holds and then.summary.error_rate > now.summary.error_rate + 0.01:
        return f"Go on with it at this load. At ten times {_outcome(then)}: decide before then whose requests matter."
    if holds:
        return f"Go on with it: at ten times the load, too, {_outcome(then)}."
    if not pools or not pools[0].busy:
        return "Go on with it at this load, and measure again before it grows."
    fill = "fills" if pools[0].number == 1 else "fill"
    times, first = (1 - FREE) / pools[0].busy, f"{pools[0].label} {fill} up first"
    if times < 1.05:
        return f"Go on with it at this load alone: {first}, and less than {percent(FREE)} of it is free."
    return f"Go on with it up to {times:.1f} times this load; decide before then what comes after, for {first}."


def _promise(tested: Marking | None) -> list:
    """A table of what was promised, and how the design did."""
    if not tested:
        return []
    heads = ("the promise that was tested", "asked", "measured", "")
    return [
        (heads, *tested.figures),
        "Measured as the task's check does, with its length and its customers; the run below may be another.",
    ]


def _asked(result: Result, name: str | None = None) -> float:
    """Requests a second of a client, or of all: as set, if chance alone explains the difference to those that came."""
    sources = result.system.sources
    parts = [sources[name]] if name else sources.values()
    came = result.by_client.offered_per_s[name] if name else result.summary.offered_per_s
    if result.at_end == result.system and all(part.is_steady for part in parts):
        expected = sum(part.offered_per_s for part in parts) * result.window_s
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


def _falls_behind(result: Result) -> bool:
    """Do more messages wait at the end than chance leaves over, or a good part of the requests?"""
    return result.waiting_share > PART or any(
        standing(Backlog(result, [name]), STANDING) for name in result.queues if result.at_end.components[name].pulls
    )


def _answer(now: Result, then: Result) -> str:
    deaths = [told for event in now.events if (told := event.told(now.system))]
    though, whole = (f", with {listed(deaths)},", " and nothing down") if deaths else ("", "")
    said = f"At {rate(_asked(now))} requests a second{though} {_outcome(now)}. At {rate(_asked(then))}{whole}, {_outcome(then)}."
    ages = [part.age_s for part in now.system.parts if part.age_s is not None]
    return f"{said} An answer from memory is up to {seconds(max(ages))} old." if ages else said


def _outcome(result: Result) -> str:
    s, served = result.summary, f"95 of 100 within {_times(result)}"
    if not s.offered_per_s:
        return "there is nothing to answer"
    if isnan(s.p95_ms):
        return "nobody is answered"
    lost = result.by_client.error_rate
    whose = [f"{percent(x)} of those from {result.system.label(c)}" for c, x in lost.items() if x > 0.01]
    share = listed(whose) if whose and len(lost) > 1 else percent(s.error_rate)
    refused = f"{share} {_lost(result)}" if s.error_rate > 0.01 else ""
    if _keeps_up(result):
        everybody = "nearly all are" if s.error_rate else "all are"
        late = f"; {percent(result.waiting_share)} still wait at the end" if result.waiting_share > PART else ""
        return f"{f'{refused}; the others are' if refused else everybody} answered, {served}{_later(result)}{late}"
    left, waits = f"only {rate(s.served_per_s)} a second are answered", f"the others wait{_longer(result.system)}"
    return f"{refused}, {left}, and {waits}" if refused else f"{left}; {waits}"


def _later(result: Result) -> str:
    """What is done later than the answer, where there is any."""
    if not result.queues:
        return ""
    done = f", and the work is done later, 95 of 100 within {_time(result.summary.age_p95_ms)}"
    left = result.summary.not_done
    return f"{done} as far as it is done: {left:,.0f} are not" if left > 0.01 * len(result.messages_of()) else done


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
    if all(part.lap_s for part in sources) and came != (average := rate(sum(part.rate_per_s for part in sources))):
        return [
            f"Customers come as in the log: in this part of it {came} requests a second came, {average} are its average."
        ]
    return []


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
        *_table_of_messages(now, then),
        ("Still in work or waiting at the end", *inside),
        ("Cost an hour", f"{a.cost_usd_per_hour:.2f} USD", f"{b.cost_usd_per_hour:.2f} USD"),
    )


def _table_of_messages(now: Result, then: Result) -> list[tuple]:
    """Rows of what is done later than the answer, where there is any."""
    if not now.queues:
        return []
    both = now.summary, then.summary
    return [
        ("95 of 100 messages of those done, within", *(_time(s.get("age_p95_ms", nan)) for s in both)),
        ("Messages not done at the end", *(f"{s.get('not_done', 0):,.0f}" for s in both)),
    ]


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
        if part.station:
            twins.setdefault(part.label, []).append((name, part, part.replicas))
    pools = []
    for label, members in twins.items():
        number = sum(copies for _, _, copies in members)
        busy = float(result.components.utilisation[[name for name, _, _ in members]].mean())
        usd = sum(part.price_usd_per_hour * copies for _, part, copies in members)
        kind = members[0][1].kind
        many = f"the {number} {kind}s{f' “{label}”' * (label.lower() != kind)}"
        pools.append(_Pool(f"“{label}”" if number == 1 else many, number, busy, usd))
    return sorted(pools, key=lambda pool: -pool.busy)


def _trade_off(now: Result, then: Result) -> list[str]:
    said, pools, s, t = [], _pools(now), now.summary, then.summary
    if pools:
        share, is_ = pools[0].busy, "is" if pools[0].number == 1 else "are"
        begin = f"At this load {pools[0].label} {is_} busy {percent(share)} of the time"
        if 0 < share < 0.97 and any(part.thins for part in now.system.parts):
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
        later = f"; {then.summary.not_done:,.0f} messages are not done at the end" if _falls_behind(then) else ""
        said.append(f"At ten times, everybody is still answered, {within}{later}.")
    # As machines like these; whoever is not served now would bring work, too. Behind a memory the run itself has to tell.
    told = any(part.remembers for part in now.system.parts) and _keeps_up(then) and t.error_rate < 0.01
    scale = (1 if told else TIMES * s.offered_per_s / max(s.served_per_s, 1e-9)) / (1 - FREE)
    short = {pool: pool.busy * scale for pool in (_pools(then) if told else pools) if pool.busy * scale > 1}
    if short:
        usd = (t if told else s).cost_usd_per_hour + sum(
            pool.usd_per_hour * (times - 1) for pool, times in short.items()
        )
        needs = listed(f"{times:.1f} times {pool.label}" for pool, times in short.items())
        memory = "answers kept for longer" if any(part.remembers for part in now.system.parts) else "a cache"
        said.append(
            f"Serving all of it with {percent(FREE)} kept free takes about {needs}: roughly {usd:.2f} USD an hour in "
            f"place of {s.cost_usd_per_hour:.2f}. Cheaper: answer fewer (turn some away), later (let them wait) or from "
            f"memory ({memory}). Each is a decision about whose requests matter."
        )
    return said


def _crowds(system: System) -> bool:
    """Are all customers users who wait for their answer before they ask again?"""
    return all(source.waits for source in system.sources.values())


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
        *dict.fromkeys(part.question for part in parts if part.question),
    ][:5]


def _assumptions(now: Result, then: Result) -> list[str]:
    parts = now.system.parts
    # A dict, so that twins are named once.
    facts = {(part.label, *part.facts(part.replicas), *part.conditions()): None for part in parts}
    put_in = "; ".join(f"{label}: {', '.join(said)}" for label, *said in facts if said)
    sources = now.system.sources.values()
    customers = "; ".join(dict.fromkeys(source.coming for source in sources))
    for part in sources:
        if part.lap_s is not None:
            laps = ((now, 1), (then, TIMES))
            played = [seconds(run.duration_s / part.lasts_s * times * part.lap_s) for run, times in laps]
            of_it = f"{played[0]} of it at this load, {played[1]} at ten times"
            customers += f" ({of_it}; after {seconds(part.lap_s)} it begins again)"
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


# --- how it is written -----------------------------------------------------------------------------------------------


def _markdown(title: str, content: Page) -> str:
    lines = [f"# {markdown(title)}", ""]
    for head, blocks in content.items():
        lines += [f"## {markdown(head)}", ""]
        for block in blocks:
            if isinstance(block, tuple):
                first, *rest = [f"| {' | '.join(map(markdown, row))} |" for row in block]
                column = "|---" if _of_words(block) else "|---:"
                lines += [first, "|---" + column * (len(block[0]) - 1) + "|", *rest, ""]
            else:
                named = isinstance(block, dict) and [
                    f"- **{markdown(n)}**: {markdown(said)}" for n, said in block.items()
                ]
                texts = [markdown(block)] if isinstance(block, str) else [f"- {markdown(line)}" for line in block]
                lines += [*(named or texts), ""]
    return "\n".join(lines)


def _body(title: str, content: Page, drawn: str) -> str:
    """The same as HTML, with the picture of the design after the first text."""
    said = [f"<h1>{html.escape(title)}</h1>"]
    for head, blocks in content.items():
        said += [f"<h2>{html.escape(head)}</h2>", *map(_block, blocks), drawn]
        drawn = ""
    return "\n".join(said)


def _html(title: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body>{body}\n</body></html>\n"
    )


def _block(block: str | list | tuple | dict) -> str:
    if isinstance(block, str):
        return f"<p>{html.escape(block)}</p>"
    if isinstance(block, dict):
        rows = (f"<dt>{html.escape(name)}</dt><dd>{html.escape(said)}</dd>" for name, said in block.items())
        return f"<dl>{''.join(rows)}</dl>"
    if isinstance(block, list):
        return f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in block)}</ul>"
    heads, *rows = [[html.escape(cell) for cell in row] for row in block]
    top = "".join(f'<th scope="col">{cell}</th>' for cell in heads)
    body = "".join(f'<tr><th scope="row">{name}</th><td>{"</td><td>".join(cells)}</td></tr>' for name, *cells in rows)
    words = ' class="words"' if _of_words(block) else ""
    return f"<table{words}><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _of_words(block: tuple) -> bool:
    """Has a table sentences in it, rather than figures? Those stand at the left."""
    return any(len(cell) > 40 for row in block for cell in row[1:])


def _written(file: dict[Path, str]) -> Path:
    (path,) = file
    with files.in_a_sentence(f"The page could not be written into {path.parent}"):
        return files.write_beside(file)[0]
