"""A real copy of the API that is killed, and comes back."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pmtech.theory.checks import count
from pmtech.web.app.program import COMMAND
from pmtech.web.client.table import Rows
from pmtech.web.waiting import until
from pmtech.wording import counted

GIVE_UP_S = 180.0
LATE = f"the copies have not come so far within {GIVE_UP_S:g} s"


@dataclass(frozen=True, kw_only=True, repr=False)
class KilledProcess(Rows):
    """What became of a copy that was killed: steps are (when in s, what).

    back_s: from its death until a new copy was ready. failed: questions without an answer, of those asked meanwhile.
    """

    steps: list[tuple[float, str]]
    back_s: float
    asked: int
    failed: int
    heads = "after, s", "what happens"

    @property
    def sentence(self) -> str:
        asked = counted(self.asked, "question")
        lost = f"{self.failed} of {asked} got no answer" if self.failed else f"{asked} came, and all were answered"
        (_, (died_s, _), (there_s, _)) = self.steps
        took_s = round(there_s, 1) - round(died_s, 1)  # as the table says
        return f"{took_s:.1f} s later there is a new copy; nobody ordered it. Meanwhile {lost}."

    @property
    def rows(self) -> list[tuple[str, str]]:
        return [(f"{at_s:.1f}", what) for at_s, what in self.steps]


def kill_process(copies: int = 2) -> KilledProcess:
    """Starts so many real copies of the API under uvicorn's supervisor, kills one as a power cut does, and asks on.

    All of it on this machine alone; it is over when this returns. What this leaves out: other machines to start it on.
    """
    copies = count("copies", copies, at_most=8)
    begun = time.monotonic()
    with _supervised(copies) as (url, there):
        until(lambda: len(there) == copies and _answers(url), LATE, within_s=GIVE_UP_S)
        known, killed = sorted(there), max(there)
        who = f"{counted(copies, 'copy', 'copies')}: processes {', '.join(map(str, known))}"
        steps = [(time.monotonic() - begun, who)]
        os.kill(killed, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
        died = time.monotonic()
        steps.append((died - begun, f"process {killed} is killed"))
        asked = []

        def goes_on() -> bool:
            asked.append(_answers(url))
            return len(there) > copies

        until(goes_on, LATE, within_s=GIVE_UP_S)
        back = time.monotonic()
        steps.append((back - begun, f"process {there[-1]} is there, which nobody has ordered"))
        return KilledProcess(steps=steps, back_s=back - died, asked=len(asked), failed=asked.count(False))


def _answers(url: str) -> bool:
    import httpx

    try:
        return httpx.get(f"{url}/surveys", timeout=2, trust_env=False, verify=False).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def _supervised(copies: int) -> Iterator[tuple[str, list[int]]]:
    """The address of so many copies, and which processes have said that they are ready; they end with the block, or with
    this process."""
    command, pipe, no = [*COMMAND, "copies", str(copies)], subprocess.PIPE, subprocess.DEVNULL
    process = subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=no)
    asks, says = process.stdin, process.stdout
    assert asks is not None and says is not None, "they are pipes"
    try:
        url = says.readline().strip()
        if not url:
            raise RuntimeError("the supervisor did not start")
        there: list[int] = []
        threading.Thread(target=lambda: there.extend(map(int, says)), daemon=True).start()
        yield url, there
    finally:
        asks.close()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
