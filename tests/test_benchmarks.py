"""What was measured can be measured again: the programs still run, and say what they compare. No time is judged here."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("engine.py 500", "the same times in both programs"),
        ("peers.py 500", "clients -> 8 balanced servers -> cache of 100 ("),
        ("million.py --size 1000", "{"),
        ("real_server.py 1", "90% load,"),
        ("room.py 10", "10 seats voted within a second: 10 counted"),
    ],
)
def test_a_benchmark_runs(program, says):
    name, *options = program.split()
    run = subprocess.run(
        [sys.executable, BENCHMARKS / name, *options], capture_output=True, text=True, timeout=600, check=False
    )
    assert run.returncode == 0, run.stderr
    assert says in run.stdout
