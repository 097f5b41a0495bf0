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
        ("Average time to an answer", *_took("mean_ms", now, then)),
        ("95 of 100 of those answered, within", *_took("p95_ms", now, then)),
        ("99 of 100 of those answered, within", *_took("p99_ms", now, then)),
        *_of_messages(now, then),
        ("Still in work or waiting at the end", *inside),
        ("Cost an hour", f"{a.cost_usd_per_hour:.2f} USD", f"{b.cost_usd_per_hour:.2f} USD"),
    )


def _of_messages(now: Result, then: Result) -> list[tuple]:
    """Rows of what is done later than the answer, where there is any."""
    if not now.queues:
        return []
    return [
        ("95 of 100 messages of those done, within", *_took("age_p95_ms", now, then)),
        ("Messages not done at the end", *(f"{run.totals.get('not_done', 0):,.0f}" for run in (now, then))),
    ]


def _took(figure: str, *runs: Result) -> list[str]:
    return [took(run.totals.get(figure, nan), run.duration_s) for run in runs]


def each_client(result: Result) -> list[tuple]:
    """A table of the clients, where there are several."""
    each = result.by_client
    rows = [
        (
            result.system.label(name),
            rate(asked_per_s(result, name)),
            percent(c.error_rate),
            took(c.p95_ms, result.duration_s),
            took(c.p99_ms, result.duration_s),
        )
        for name, c in each.iterrows()
    ]
    heads = ("each at this load", "requests a second", "refused or failed", "95 of 100 within", "99 of 100 within")
    return [(heads, *rows)] if len(rows) > 1 else []
