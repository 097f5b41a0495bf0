"""Every test and every notebook keeps its answers in a folder that is thrown away, never in the learner's."""

import os
import tempfile
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import settings
from nbformat.v4 import new_code_cell
from nbval.plugin import IPyNbCell, IPyNbFile
from xdist.scheduler import LoadScopeScheduling

_thrown_away = tempfile.TemporaryDirectory(prefix="pmtech-tests-", ignore_cleanup_errors=True)
os.environ["PMTECH_HOME"] = os.path.join(_thrown_away.name, "answers")
os.environ["IPYTHONDIR"] = os.path.join(_thrown_away.name, "ipython")
# Every kernel and every server under test imports the package anew: what one of them has compiled, the next one reads.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Neither luck nor a machine that is busy with something else is a reason for a test to fail.
settings.register_profile("the same each time", derandomize=True, database=None, deadline=None, print_blob=True)
settings.load_profile("the same each time")

_lessons = Path(__file__).parent / "notebooks"
_before = set(_lessons.glob("brief-*"))
# A lesson takes seconds to run; what it tells is held against the run that its notebook's test has made, in the same kernel.
HELD = """
import pathlib, sys
sys.path.insert(0, {tests!r})
from lessons import hold
hold(pathlib.Path({lesson!r}), globals())
"""

# The longest begin first, so that no process is left alone at the end: two of three have a JupyterLab and a browser, and half of
# the lessons each. Whichever is through with them does what else is done in a browser; until then the third runs the notebooks.
LESSONS, BROWSER = "tests/browser/test_lessons.py::test_a_lesson_runs", "tests/browser/"
FIRST = (LESSONS, "notebooks/", "tests/fidelity/", "tests/test_shortcut.py", BROWSER)


def _half(nodeid: str) -> str:
    """Of a lesson whose name ends its test's: "0" or "1"."""
    return str(int(nodeid.partition("[")[2][:2]) % 2)


def pytest_collection_modifyitems(items):
    def place(item):
        is_lesson = item.nodeid.startswith(LESSONS)
        return [not item.nodeid.startswith(first) for first in FIRST], is_lesson and _half(item.nodeid)

    items.sort(key=place)


class Scheduling(LoadScopeScheduling):
    """A module's tests stay in one process, for a notebook's cells need one kernel; and so do all that are done in a browser."""

    def _split_scope(self, nodeid):
        if nodeid.startswith(LESSONS):
            return LESSONS + _half(nodeid)
        return BROWSER if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return Scheduling(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    if isinstance(collector, IPyNbFile) and collector.path.parent == _lessons and report.result:
        cell = new_code_cell(HELD.format(tests=str(_lessons.parent / "tests"), lesson=str(collector.path)))
        more = {"cell_num": len(report.result), "cell": cell, "options": defaultdict(bool)}
        report.result.append(IPyNbCell.from_parent(collector, name="What it tells holds in its run", **more))
    return report


def pytest_sessionfinish():
    """The lessons write their page for colleagues beside themselves; those of a learner were there before."""
    for page in set(_lessons.glob("brief-*")) - _before:
        page.unlink(missing_ok=True)
