"""The real API with real faults, called as careful software calls, and the model with the same faults beside it."""

import time
from collections import Counter
from dataclasses import dataclass

from pmtech import theory
from pmtech.components import CircuitBreaker, Clients, Retry, Server
from pmtech.engine.randomness import Luck, identity
from pmtech.runs.events import Errors, Slowdown
from pmtech.runs.simulate import simulate
from pmtech.theory.checks import count, number
from pmtech.web.app.server import Api
from pmtech.web.client.table import Rows
from pmtech.wording import counted, percent

LOST_S = 0.1  # so long the caller waits for an answer that got lost; really it would be seconds
CALLER = Clients("Caller", rate_per_s=0.5, arrivals="even")  # one call after the other
ANSWERED, FAILED, KEPT_OFF = "answered", "failed", "refused at once"


@dataclass(frozen=True, kw_only=True, repr=False)
class FaultyCalls(Rows):
    """real, model: for each call how often it was tried (0: not at all) and what became of it. took_s: all real calls together.
    expected: attempts a call, by the closed form; None where there is none."""

    what: str
    real: list[tuple[int, str]]
    model: list[tuple[int, str]]
    took_s: float
    expected: float | None = None
    heads = "what became of a call", "attempts", "really", "in the model"

    @property
    def attempts(self) -> float:
        """Real attempts a call, on average."""
        return sum(tries for tries, _ in self.real) / len(self.real)

    @property
    def sentence(self) -> str:
        same = sum(one == other for one, other in zip(self.real, self.model, strict=True))
        law = "" if self.expected is None else f" (theory, in the long run: {self.expected:.2f})"
        return (
            f"{counted(len(self.real), 'call')} took {self.took_s:.1f} s, {self.attempts:.2f} attempts a call{law}; "
            f"{same} of {len(self.real)} went as in the model."
        )

    @property
    def rows(self) -> list[tuple]:
        kinds = sorted({*self.real, *self.model}, key=lambda kind: (-kind[0], kind[1]))
        counts = Counter(self.real), Counter(self.model)
        return [(outcome, tries or "–", *(count[tries, outcome] for count in counts)) for tries, outcome in kinds]

    def _repr_html_(self) -> str:
        return f"<p>{self.what}</p>{super()._repr_html_()}"


def lossy_calls(api: Api, *, calls: int = 20, share: float = 0.4, attempts: int = 4, seed: int = 1) -> FaultyCalls:
    """Calls the running API, which does the work and loses the answer of `share` of the attempts; the library tenacity
    tries again, with full jitter. Which answers are lost is drawn as the model draws it, so that both meet the same faults.

    What this leaves out: the pauses are those of a few hundredths of a second. Raises ValueError for an API that is stopped.
    """
    import tenacity

    api.must_run()
    calls, share = count("calls", calls, at_most=1000), number("share", share, at_least=0, at_most=1)
    retry = Retry(attempts=attempts, backoff="full_jitter", base_ms=10, cap_ms=50)
    lost = Luck(seed, "api.errors", identity)
    real, begun = [], time.perf_counter()

    def call(number: int, attempt: int) -> None:
        line = ("caller", 0) if attempt == 1 else ("caller", 0, "retry", attempt)
        gone = bool(lost[line][number] < share)
        if api.request("GET", "/surveys/1", timeout_s=LOST_S if gone else 5, lose_answer=gone).status != 200:
            raise TimeoutError

    for row in range(calls):
        wait = tenacity.wait_random_exponential(multiplier=retry.base_ms / 1000, max=retry.cap_ms / 1000)
        trying = tenacity.Retrying(stop=tenacity.stop_after_attempt(attempts), wait=wait)
        try:
            for one in trying:
                with one:
                    call(row, one.retry_state.attempt_number)
            outcome = ANSWERED
        except tenacity.RetryError:
            outcome = FAILED
        real.append((trying.statistics["attempt_number"], outcome))
    took_s = time.perf_counter() - begun
    span_s = calls / CALLER.rate_per_s
    events = [Errors("api", at_s=0, for_s=span_s + 60, share=share)]
    run = simulate(CALLER >> retry >> Server("API", service_ms=1), duration_s=span_s, seed=seed, events=events)
    tries = run.records.notes["retry"][:, 1].astype(int).tolist()
    model = [(n, ANSWERED if status == 200 else FAILED) for n, status in zip(tries, run.requests.status, strict=True)]
    what = f"Answers get lost, {percent(share)} of them; tenacity tries {attempts} times."
    expected = theory.attempts(share, attempts)
    return FaultyCalls(what=what, real=real, model=model, took_s=took_s, expected=expected)


def slow_calls(api: Api, *, slow: int = 8, mended: int = 4, in_a_row: int = 2) -> FaultyCalls:
    """Asks the running API for a calendar that has become slow, `slow` times, then `mended` times when it is well again. The
    API gives the calendar a second; the library pybreaker opens after `in_a_row` failures.

    Raises ValueError for an API that is stopped.
    """
    import pybreaker

    api.must_run()
    for name, value in (("slow", slow), ("mended", mended), ("in_a_row", in_a_row)):
        count(name, value, at_most=100)
    breaker = pybreaker.CircuitBreaker(fail_max=in_a_row, reset_timeout=0.5, throw_new_error_on_trip=False)
    before, real, begun = api.faults.calendar_ms, [], time.perf_counter()

    def call() -> None:
        if api.request("GET", "/surveys/1/calendar").status != 200:
            raise TimeoutError

    try:
        api.faults.calendar_ms = 10_000
        for number in range(slow + mended):
            if number == slow:
                api.faults.calendar_ms = before
                time.sleep(breaker.reset_timeout)
            try:
                breaker.call(call)
                real.append((1, ANSWERED))
            except pybreaker.CircuitBreakerError:
                real.append((0, KEPT_OFF))
            except TimeoutError:
                real.append((1, FAILED))
    finally:
        api.faults.calendar_ms = before
    took_s = time.perf_counter() - begun
    what = (
        f"The calendar is slow for {slow} calls, then well again; pybreaker opens after {in_a_row} failures in a row."
    )
    return FaultyCalls(what=what, real=real, model=_modelled(slow, mended, in_a_row), took_s=took_s)


def _modelled(slow: int, mended: int, in_a_row: int) -> list[tuple[int, str]]:
    """A call every two seconds, each given one; open until just before the first that finds the calendar well."""
    every_s = 1 / CALLER.rate_per_s
    mended_s, opened_s = slow * every_s, (in_a_row - 1) * every_s + 1
    breaker = CircuitBreaker(
        window=in_a_row, least_calls=in_a_row, failure_share=1, trials=1, open_s=max(mended_s - 0.5 - opened_s, 0.01)
    )
    patience = Retry("Patience", attempts=1, timeout_ms=1000)
    system = CALLER >> breaker >> patience >> Server("Calendar", workers=100, service_ms=40, service_cv=0)
    slowness = Slowdown("calendar", at_s=0, for_s=mended_s - 0.25, times=250)
    status = simulate(system, duration_s=(slow + mended) * every_s, events=[slowness]).requests.status.tolist()
    return [{200: (1, ANSWERED), 503: (0, KEPT_OFF)}.get(one, (1, FAILED)) for one in status]
