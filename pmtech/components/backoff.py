"""How long to wait before asking again, and how often one may."""

KINDS = ("full_jitter", "none", "exponential", "equal_jitter", "decorrelated")
MOST_TOKENS = 10.0


def wait_s(kind: str, attempt: int, base_s: float, cap_s: float, luck: float, last_s: float) -> float:
    """Seconds to wait after the `attempt`-th try (from 1) has failed.

    luck: a number from 0 to 1 that is the try's own. last_s: the wait before (0: there was none), for "decorrelated".
    With e = min(cap, base * 2^(attempt - 1)): "none" 0, "exponential" e, "full_jitter" U(0, e), "equal_jitter" e/2 +
    U(0, e/2), "decorrelated" min(cap, U(base, 3 * the wait before)). Source: Brooker, "Exponential backoff and jitter",
    AWS Architecture Blog (2015).
    """
    most = min(cap_s, base_s * 2.0 ** min(attempt - 1, 60))
    match kind:
        case "none":
            return 0.0
        case "exponential":
            return most
        case "full_jitter":
            return luck * most
        case "equal_jitter":
            return most / 2 + luck * most / 2
    return min(cap_s, base_s + luck * (3 * max(last_s, base_s) - base_s))


class RetryBudget:
    """Tries again are paid for: each request earns `share` of one, of which ten are kept at most. None: they are free.

    Source: the retry budget of Finagle, in its simplest form.
    """

    def __init__(self, share: float | None):
        self.share, self.tokens = share, MOST_TOKENS

    def earn(self) -> None:
        """A request has come."""
        if self.share is not None:
            self.tokens = min(MOST_TOKENS, self.tokens + self.share)

    def heard(self, failed: bool) -> None:
        """An attempt is over."""

    def spend(self) -> bool:
        """May it be tried again?"""
        if self.share is None:
            return True
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class TokenBudget(RetryBudget):
    """A failure takes one of ten tokens, a success gives back `share` of one; tried again is only above half of them.

    Where everything fails nobody asks again after five failures. Source: gRPC's retry throttling (proposal A6).
    """

    def earn(self) -> None:
        """Only successes earn."""

    def heard(self, failed: bool) -> None:
        if self.share is not None:
            self.tokens = max(0.0, self.tokens - 1) if failed else min(MOST_TOKENS, self.tokens + self.share)

    def spend(self) -> bool:
        return self.share is None or self.tokens > MOST_TOKENS / 2


BUDGETS = {"requests": RetryBudget, "successes": TokenBudget}
