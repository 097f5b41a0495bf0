"""The tables of a page about a run: this load beside ten times, and the clients one by one."""

from math import nan

from pmtech.course.brief.outcome import answered_per_s, asked_per_s
from pmtech.runs.result import Result
from pmtech.wording import percent, rate, took


def table(now: Result, then: Result) -> tuple:
    a, b = now.summary, then.summary
    inside = [f"{int((result.requests.status == 0).sum()):,}" for result in (now, then)]
    return (
        ("", "this load", "ten times"),
        ("Requests a second", rate(asked_per_s(now)), rate(asked_per_s(then))),
        ("Answered a second", rate(answered_per_s(now)), rate(answered_per_s(then))),
        ("Refused or failed", percent(a.error_rate), percent(b.error_rate)),
        ("Average time to an answer", took(a.mean_ms), took(b.mean_ms)),
        ("95 of 100 of those answered, within", took(a.p95_ms), took(b.p95_ms)),
        ("99 of 100 of those answered, within", took(a.p99_ms), took(b.p99_ms)),
        *_of_messages(now, then),
        ("Still in work or waiting at the end", *inside),
        ("Cost an hour", f"{a.cost_usd_per_hour:.2f} USD", f"{b.cost_usd_per_hour:.2f} USD"),
    )


def _of_messages(now: Result, then: Result) -> list[tuple]:
    """Rows of what is done later than the answer, where there is any."""
    if not now.queues:
        return []
    both = now.summary, then.summary
    return [
        ("95 of 100 messages of those done, within", *(took(s.get("age_p95_ms", nan)) for s in both)),
        ("Messages not done at the end", *(f"{s.get('not_done', 0):,.0f}" for s in both)),
    ]


def each_client(result: Result) -> list[tuple]:
    """A table of the clients, where there are several."""
    each = result.by_client
    rows = [
        (
            result.system.label(name),
            rate(asked_per_s(result, name)),
            percent(c.error_rate),
            took(c.p95_ms),
            took(c.p99_ms),
        )
        for name, c in each.iterrows()
    ]
    heads = ("each at this load", "requests a second", "refused or failed", "95 of 100 within", "99 of 100 within")
    return [(heads, *rows)] if len(rows) > 1 else []
