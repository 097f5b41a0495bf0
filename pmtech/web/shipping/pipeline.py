"""The way of a change to the customer: tests in a process of their own, then a version that may be shipped."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pmtech
from pmtech.files import scratch
from pmtech.web.app.server import Api
from pmtech.web.client.table import Rows
from pmtech.web.shipping.repository import Repository
from pmtech.wording import counted

GIVE_UP_S = 120


@dataclass(frozen=True, kw_only=True, repr=False)
class Built(Rows):
    """Made by `pipeline`. commit: what was tested. checks: (what a test says, "" or why it is red). took_s: all of it.

    source: the price rule that was tested. It is this that is shipped, and nothing that was changed meanwhile.
    """

    commit: str
    checks: list[tuple[str, str]]
    took_s: float
    source: str

    @property
    def heads(self) -> tuple[str, ...]:
        return ("what the test says", "result", "why")[: 2 + (not self.green)]

    @property
    def red(self) -> int:
        return sum(bool(why) for _, why in self.checks)

    @property
    def green(self) -> bool:
        return not self.red

    @property
    def sentence(self) -> str:
        tests = f"Commit {self.commit}, {counted(len(self.checks), 'test')} in {self.took_s:.1f} s: "
        if self.green:
            return f"{tests}all green, so it may be shipped."
        return f"{tests}{self.red} red, so it is held back."

    @property
    def rows(self) -> list[tuple[str, ...]]:
        return [(says, "red" if why else "green", why)[: len(self.heads)] for says, why in self.checks]


def pipeline(repository: Repository) -> Built:
    """Take the newest commit, and run its tests on the API of lesson 02, in a process of their own.

    Raises ValueError with a sentence as long as nobody has decided what the line means.
    """
    if repository.conflict:
        raise ValueError('nothing can be tested yet: decide first, such as shop.decide("both")')
    begun = time.monotonic()
    with scratch("build") as folder:
        copy = shutil.copytree(repository.folder, Path(folder) / "shop", ignore=shutil.ignore_patterns(".git"))
        where = os.pathsep.join(filter(None, [str(Path(pmtech.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-B", "-m", "unittest", "-v"]
        env = os.environ | {"PYTHONPATH": where, "PYTHON_COLORS": "0"}
        try:
            told = subprocess.run(
                command, timeout=GIVE_UP_S, cwd=copy, env=env, capture_output=True, encoding="utf-8"
            ).stderr
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"the tests were not through within {GIVE_UP_S} s: run them again") from None
    came = re.findall(r"^(.*) \.\.\. (ok|FAIL|ERROR)$", told, re.MULTILINE)
    if not came:
        raise RuntimeError(f"the tests could not be run: {told.strip().splitlines()[-1:]}")
    reasons = iter(re.findall(r"^(\w+(?:Error|Exception).*)$", told, re.MULTILINE))
    checks = [(says, "" if word == "ok" else _reason(next(reasons, word))) for says, word in came]
    commit, took_s = repository.history[0].id, time.monotonic() - begun
    return Built(commit=commit, checks=checks, took_s=took_s, source=repository.source)


def _reason(error: str) -> str:
    numbers = re.search(r"(-?\d+) != (-?\d+)", error)
    return f"the API charges {numbers[1]}" if numbers else error


@dataclass(frozen=True, kw_only=True, repr=False)
class Release(Rows):
    """Made by `release`. steps: (what was done, ms that it took, dollars that an order of one seat was charged then).

    wrong: payments below zero that it has left in the database.
    """

    steps: list[tuple[str, float, int]]
    wrong: int
    heads = "what is done", "takes, ms", "an order of one seat is charged, $"

    @property
    def sentence(self) -> str:
        rows = counted(self.wrong, "payment")
        return f"The old price is back; {rows} below zero {'is' if self.wrong == 1 else 'are'} in the database all the same."

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        return [
            (what, f"{ms:.0f}" if ms >= 1 else "less than 1" if ms else "", f"{usd}".replace("-", "−"))
            for what, ms, usd in self.steps
        ]


def release(api: Api, built: Built, *, flag: bool = False) -> Release:
    """Ship what was built to the running API, let one customer order one seat, and go back.

    flag: the new rule is shipped switched off, is released by a switch, and taken back by it. Without a flag the API is
    stopped and started with the other version. Raises ValueError with a sentence for what the pipeline holds back.
    """
    if not isinstance(api, Api) or not api.running:
        raise ValueError("release needs the running API: run the cell with start_api() again, and this one after it")
    if not isinstance(built, Built) or not built.green:
        raise ValueError("only what the pipeline has found green is shipped: decide otherwise, and run it again")
    new, old, before, steps = _rule(built.source), api.price_rule, _below_zero(api), []
    switch = {"on": not flag}

    def either(seats: int) -> int:
        return new(seats) if switch["on"] else old(seats)

    def step(what: str, act: Callable[[], object] | None = None) -> None:
        begun = time.perf_counter()
        took_ms = 0.0
        if act:
            act()
            took_ms = (time.perf_counter() - begun) * 1000
        order = {"customer": "Company B", "seats": 1}
        steps.append((what, took_ms, api.request("POST", "/payments", json=order).json()["amount_usd"]))

    step("before")
    if flag:
        step("shipped, the flag is off", lambda: _restart(api, either))
        step("released: the flag is on", lambda: switch.update(on=True))
        step("taken back: the flag is off", lambda: switch.update(on=False))
    else:
        step("shipped, and so released", lambda: _restart(api, either))
        step("rolled back: the version before", lambda: _restart(api, old))
    return Release(steps=steps, wrong=_below_zero(api) - before)


def _rule(source: str) -> Callable[[int], int]:
    names: dict = {}
    exec(compile(source, "price.py", "exec"), names)
    return names["amount_usd"]


def _restart(api: Api, rule: Callable[[int], int]) -> None:
    api.stop()
    api.start()
    api.sells(rule)


def _below_zero(api: Api) -> int:
    return sum(row["amount_usd"] < 0 for row in api.rows()["payments"])
