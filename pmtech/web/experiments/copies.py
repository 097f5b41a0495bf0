"""An experiment on the real copies: one is killed, and how the proxy goes about with that decides which requests fail."""

import time
from dataclasses import dataclass
from itertools import cycle
from math import inf
from typing import NamedTuple

from pmtech.web.proxy.copies import NAMES, WAY, WAYS, Copies
from pmtech.wording import counted

EVERY_S, KILLED_S, DEAD_S, AFTER_S = 1 / 30, 0.7, 1.6, 0.7
TURNS = 2 * len(NAMES) * len(WAYS)  # also on a slow machine it is missed in each way
GIVE_UP_S = 60.0
VICTIM = "copy 2"


class Try(NamedTuple):
    """A request: when it was sent, the way that it named, the status, and who answered (None: the proxy itself)."""

    at_s: float
    way: str
    status: int | None
    served_by: str | None


@dataclass(frozen=True, kw_only=True)
class KilledCopy:
    """victim: the copy that was killed at `killed_s`; a new one answered from `back_s` on. tries: in order of time."""

    victim: str
    killed_s: float
    back_s: float
    tries: list[Try]

    def of(self, way: str) -> list[Try]:
        return [one for one in self.tries if one.way == way]

    def failed(self, way: str) -> list[Try]:
        return [one for one in self.of(way) if one.status != 200]

    @property
    def said(self) -> list[str]:
        """What happened, in sentences."""
        dead_s = self.back_s - self.killed_s
        died = f"{self.victim.capitalize()} was killed after {self.killed_s:.1f} s"
        back = f"{died}; {dead_s:.1f} s later a new one answered."
        return [back, *(f"The proxy {way}: {self._of(way)}" for way in WAYS)]

    def _of(self, way: str) -> str:
        failed, asked = self.failed(way), counted(len(self.of(way)), "request")
        if not failed:
            return f"none of {asked} failed."
        statuses = ", ".join(sorted({str(one.status or "no answer") for one in failed}))
        return f"{len(failed)} of {asked} failed ({statuses}), the last {failed[-1].at_s - self.killed_s:.1f} s after the death."


def kill_one(copies: Copies) -> KilledCopy:
    """Ask ten times a second in each of the proxy's ways, kill a copy, start it anew, and write down who answered."""
    copies.start()
    time.sleep(1.1)  # the proxy asks everybody once
    begun, tries, killed_s, back_s, missed, ways = time.monotonic(), [], inf, inf, 0, cycle(WAYS)
    while time.monotonic() - begun < back_s + AFTER_S:
        now = time.monotonic() - begun
        if now > GIVE_UP_S:
            raise RuntimeError(f"{VICTIM} did not come back")
        if killed_s == inf and now >= KILLED_S:
            copies.kill(VICTIM)
            killed_s, missed = now, len(tries)
        elif back_s == inf and now >= killed_s + DEAD_S and len(tries) >= missed + TURNS:
            copies.revive(VICTIM)
            back_s = now if copies.answers(VICTIM) else inf
        way, at_s = next(ways), time.monotonic() - begun
        came = copies.request("GET", "/surveys/1", headers={WAY: way})
        tries.append(Try(at_s, way, came.status, came.headers.get("served-by")))
        time.sleep(max(0.0, at_s + EVERY_S - (time.monotonic() - begun)))
    return KilledCopy(victim=VICTIM, killed_s=killed_s, back_s=back_s, tries=tries)
