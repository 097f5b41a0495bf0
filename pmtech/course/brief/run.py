"""The page about a run: this load and ten times of it, what to decide, and what to settle with engineering."""

from math import isnan

from pmtech.course.brief.outcome import (
    FULL,
    asked_per_s,
    falls_behind,
    fate,
    keeps_up,
    longer,
    outcome,
    pools_of,
    simpler_share,
    still_waiting,
    times_of,
)
from pmtech.course.brief.sheet import Page
from pmtech.course.brief.tables import each_client, table
from pmtech.course.exercises.marking import Marking
from pmtech.diagram.layout import layout
from pmtech.findings.thresholds import PART
from pmtech.runs.result import Result
from pmtech.runs.simulate import simulate
from pmtech.system.system import System
from pmtech.wording import listed, percent, rate, seconds, took

TIMES = 10
MOST_REQUESTS = 300_000  # of the run at ten times: more would keep the learner waiting
FREE = 0.3  # of a part's time, where growth is planned


def ten_times(system: System) -> System:
    """The same design with ten times the customers."""
    paths = [f"{name}.{part.load_field}" for name, part in system.sources.items()]
    return system.replace({path: system.get(path) * TIMES for path in paths})


def of_run(now: Result, tested: Marking | None) -> Page:
    """The page; `tested`: how the design did at a task, if it was tried."""
    offered = max(now.summary.offered_per_s, 0.01)
    warmup_s, lasts_s = now.warmup_s, min(now.window_s, MOST_REQUESTS / (TIMES * offered))
    then = simulate(ten_times(now.at_end), duration_s=warmup_s + lasts_s, warmup_s=warmup_s, seed=now.seed)
    asked = (
        f"What happens at {rate(asked_per_s(now))} requests a second, and at ten times as many? "
        f"The way of a request: {layout(now.at_end).way}."
    )
    return {
        "To decide": [_decision(now, then, tested)],
        "The answer": [_answer(now, then), *_promise(tested)],
        "What was asked": [asked],
        "What happens": [
            table(now, then),
            *each_client(now),
            [f"At this load: {now.explain()}", f"At ten times: {then.explain()}", *_by_chance(now)],
        ],
        "The trade-off": [[*_room_left(now), _at_ten_times(now, then), *_more_machines(now, then)]],
        "To settle with engineering": [_questions(now)],
        "Assumptions": [_assumptions(now, then)],
    }


def _decision(now: Result, then: Result, tested: Marking | None) -> dict[str, str]:
    """What the page is for: target, decision, recommendation, owner."""
    target = (
        f"{tested.title}." if tested else "No target was tested. Agree on one first: which time, for how many of 100?"
    )
    return {
        "Target": target,
        "Decision": f"Is this design what we run at {rate(asked_per_s(now))} requests a second, and what has to be settled "
        "before more come?",
        "Recommendation": _recommendation(now, then, tested),
        "Owner": "to be named, with a date.",
    }


def _recommendation(now: Result, then: Result, tested: Marking | None) -> str:
    """What the runs speak for."""
    pools = pools_of(now)
    if tested and not (tested.passed or tested.kept):
        return f"Not as it is: {' '.join(tested.gaps)}"
    if tested and keeps_up(now) and still_waiting(now):
        return f"Go on with it only if these may wait: at this load {outcome(now)}."
    if not keeps_up(now) or falls_behind(now):
        return f"Not as it is: at this load {outcome(now)}."
    holds = keeps_up(then) and not falls_behind(then)
    if not tested and simpler_share(now) + now.summary.error_rate > PART:
        return f"Not as it is, unless this is meant: at this load {outcome(now)}."
    if holds and then.summary.error_rate > now.summary.error_rate + 0.01:
        return f"Go on with it at this load. At ten times {outcome(then)}: decide before then whose requests matter."
    if holds:
        return f"Go on with it: at ten times the load, too, {outcome(then)}."
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


def _answer(now: Result, then: Result) -> str:
    deaths = [told for event in now.events if (told := event.told(now.system))]
    though, whole = (f", with {listed(deaths)},", " and nothing down") if deaths else ("", "")
    said = f"At {rate(asked_per_s(now))} requests a second{though} {outcome(now)}. At {rate(asked_per_s(then))}{whole}, {outcome(then)}."
    ages = [part.ttl_s + part.stale_while_revalidate_s for part in now.system.parts if part.ttl_s is not None]
    return f"{said} An answer from memory is up to {seconds(max(ages))} old." if ages else said


def _by_chance(result: Result) -> list[str]:
    came, asked, sources = rate(result.summary.offered_per_s), rate(asked_per_s(result)), result.system.sources.values()
    if came != asked:
        return [f"Customers come at random: in this run {came} requests a second came, {asked} are to be expected."]
    if all(part.lap_s for part in sources) and came != (average := rate(sum(part.rate_per_s for part in sources))):
        return [
            f"Customers come as in the log: in this part of it {came} requests a second came, {average} are its average."
        ]
    return []


def _room_left(now: Result) -> list[str]:
    """How busy the busiest part is, and what that means for growth."""
    pools = pools_of(now)
    if not pools or not pools[0].busy:
        return []
    share, is_ = pools[0].busy, "is" if pools[0].number == 1 else "are"
    begin = f"At this load {pools[0].label} {is_} busy {percent(share)} of the time"
    if falls_behind(now) and share < 1 - FREE:  # unequal shares, or another part
        return [f"{begin}, and still work is left waiting: “What happens” tells why."]
    if share >= FULL or falls_behind(now):
        return [f"{begin}: there is no room left, not even for its busy moments."]
    if any(part.thins for part in now.system.parts):  # it is sent less than in proportion
        return [f"{begin}; it is slow well before it is full."]
    return [f"{begin}: the same design is full at {1 / share:.1f} times the load, and slow well before that."]


def _at_ten_times(now: Result, then: Result) -> str:
    t, within = then.summary, f"within {took(then.summary.p95_ms, then.duration_s)} (95 of 100)"
    if t.error_rate > 0.01:
        return f"At ten times, {percent(t.error_rate)} {fate(then)}; those served have an answer {within}."
    if t.served_per_s < 0.97 * t.offered_per_s:
        answered = f"{rate(t.served_per_s)} of {rate(asked_per_s(then))} requests a second are answered"
        return f"At ten times, {answered}. Nobody is refused: everybody waits{longer(now.system)}."
    late = (
        f"{t.not_done:,.0f} messages are not done" if "not_done" in t else f"{percent(then.waiting_share)} still wait"
    )
    later = f"; {late} at the end" if falls_behind(then) else ""
    return f"At ten times, everybody is still answered, {within}{later}."


def _more_machines(now: Result, then: Result) -> list[str]:
    """What it takes to serve all of ten times the load with machines like these, where these do not."""
    remembers = any(part.remembers for part in now.system.parts)
    told = remembers and keeps_up(then)  # behind a memory the run itself has to tell
    run, s = then if told else now, now.summary
    # Whoever is not served now would bring work, too: he may have been lost before this part, or wait for it.
    lost = 1 if told else s.offered_per_s / max(s.served_per_s, 1e-9)
    needed = [(pool, pool.busy * max(lost, pool.came) * (1 if told else TIMES) / (1 - FREE)) for pool in pools_of(run)]
    short = {pool: times for pool, times in needed if times > 1}
    if not short:
        return []
    usd = run.summary.cost_usd_per_hour + sum(pool.usd_per_hour * (times - 1) for pool, times in short.items())
    needs = listed(f"{times:.1f} times {pool.label}" for pool, times in short.items())
    memory = "answers kept for longer" if remembers else "a cache"
    return [
        f"Serving all of it with {percent(FREE)} kept free takes about {needs}: roughly {usd:.2f} USD an hour in "
        f"place of {s.cost_usd_per_hour:.2f}. Cheaper: answer fewer (turn some away), later (let them wait) or from "
        f"memory ({memory}). Each is a decision about whose requests matter."
    ]


def _questions(now: Result) -> list[str]:
    s, pools, parts = now.summary, pools_of(now), now.system.parts
    here = f" (Here: {times_of(now)} for 95, at {rate(asked_per_s(now))} a second.)"
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
