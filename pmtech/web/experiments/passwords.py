"""What a password costs: to check, to guess, and to try by the thousand; and whom a limit on sign-ins hits."""

from collections import defaultdict
from dataclasses import dataclass
from timeit import repeat

import numpy as np

from pmtech.components.rate_limiter import RateLimiter, SlidingWindowLog
from pmtech.theory.checks import count
from pmtech.web.app.sign_in import ARGON2, plain_hash
from pmtech.web.client.table import Rows
from pmtech.wording import plain, seconds

CORES = 2
LIST = 10_000_000  # passwords that leaked somewhere: a common length of such a list
HASHES = 20_000


@dataclass(frozen=True, repr=False)
class PasswordCost(Rows):
    """Seconds for one check on one core of this machine, as a plain hash and by Argon2."""

    hash_s: float
    argon2_s: float
    heads = (
        "kept as", "one check", "guesses a second, one core", "a list of 10 million", "sign-ins a second, 2 cores"
    )  # fmt: skip

    @property
    def rows(self) -> list[tuple[str, ...]]:
        days = 86_400
        return [
            (
                name,
                seconds(one_s) if one_s >= 1e-3 else f"{one_s * 1e6:.1f} µs",
                _three(1 / one_s),
                f"{_three(LIST * one_s / days)} days" if LIST * one_s > days else seconds(LIST * one_s),
                _three(CORES / one_s),
            )
            for name, one_s in (("SHA-256", self.hash_s), ("Argon2id, 19 MiB, 2 passes", self.argon2_s))
        ]


def _three(value: float) -> str:
    """To three digits: what is measured once tells no more."""
    return plain(float(f"{value:.3g}"))


def password_cost() -> PasswordCost:
    """Measures one check of a password on this machine, now: the quickest of some."""
    kept, hashed = ARGON2.hash("sunshine1"), plain_hash("sunshine1")
    slow = min(repeat(lambda: ARGON2.verify(kept, "sunshine1"), number=1, repeat=3))
    quick = min(repeat(lambda: plain_hash("sunshine1") == hashed, number=HASHES, repeat=3)) / HASHES
    return PasswordCost(quick, slow)


# --- sign-ins by programs --------------------------------------------------------------------------------------------

TRIES = 600  # by programs, in a minute, and as many sign-ins by people: half and half
LIMITS = {"no limit": (), "by account": ("account",), "by address": ("address",), "by device": ("device",),
          "by account and address": ("account", "address")}  # fmt: skip
SPEC = RateLimiter(limit=5, per_s=60)


@dataclass(frozen=True, repr=False)
class Stuffing(Rows):
    """limits: limit -> (tries of programs that were let through, people who were kept out), of 600 each.

    by_account, by_address, by_device: tries that such a limit let through. people_out: those whom it kept out by address.
    """

    limits: dict[str, tuple[int, int]]
    by_account: int
    by_address: int
    by_device: int
    people_out: int
    heads = ("counted, 5 a minute", f"tries of programs let through, of {TRIES}", f"people kept out, of {TRIES}")

    @property
    def rows(self) -> list[tuple[str, int, int]]:
        return [(limit, *counts) for limit, counts in self.limits.items()]


def stuffing(seed: int = 1) -> Stuffing:
    """A minute of a sale (invented numbers): programs try passwords that leaked elsewhere, each at another account,
    from 60 addresses and always "a new device"; of the people 200 sit in one office, and share its address.

    The limits decide as the course's `RateLimiter` does. The last row is a waiting room that lets half in, by lot.
    """
    luck = np.random.default_rng(count("seed", seed, at_least=0))
    people = [("person", f"p{i}", "office" if i < 200 else f"home {i}", f"device {i}") for i in range(TRIES)]
    programs = [("program", f"leak {i}", f"net {i % 60}", f"fresh {i}") for i in range(TRIES)]
    everybody = people + programs
    moments = np.sort(luck.uniform(0, 60, len(everybody)))
    queue = [everybody[i] for i in luck.permutation(len(everybody))]
    rows = {name: _let_in(queue, moments, keys) for name, keys in LIMITS.items()}
    drawn = [queue[i][0] for i in luck.permutation(len(queue))[: len(queue) // 2]]
    rows["a waiting room: half of all, by lot"] = drawn.count("program"), TRIES - drawn.count("person")
    by_address, people_out = rows["by address"]
    return Stuffing(rows, rows["by account"][0], by_address, rows["by device"][0], people_out)


def _let_in(queue: list, moments, keys: tuple[str, ...]) -> tuple[int, int]:
    logs, programs, kept_out = defaultdict(lambda: SlidingWindowLog(SPEC)), 0, 0
    for (kind, account, address, device), now in zip(queue, moments, strict=True):
        of = {"account": account, "address": address, "device": device}
        passes = not any([logs[key, of[key]].decide(now) for key in keys])
        programs += passes and kind == "program"
        kept_out += not passes and kind == "person"
    return programs, kept_out
