"""Every test and every notebook keeps its answers in a folder that is thrown away, never in the learner's."""

import gc
import os
import re
import tempfile
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from pmtech.web.schemas import validator

# What nbval reads notebooks with needs jsonschema, which is imported two seconds sooner so, in each process; hence it is loaded
# here, and not by pytest itself (pyproject.toml).
validator()
from nbformat.v4 import new_code_cell  # noqa: E402
from nbval.plugin import IPyNbCell, IPyNbFile  # noqa: E402

pytest_plugins = ["nbval.plugin"]

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

# What is done in a browser begins first, in two of the three processes, so that none is left alone at the end; the third begins
# with the notebooks.
BROWSER = "tests/browser/"
FIRST = (BROWSER, "notebooks/")


def _half(nodeid: str) -> int:
    """Of what is done in a browser: of the lessons every second one, of all else the files behind this name."""
    lesson = re.search(r"\[(\d\d)_", nodeid)
    return int(lesson[1]) % 2 if lesson else int(nodeid > f"{BROWSER}test_o")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: [not item.nodeid.startswith(first) for first in FIRST])


def pytest_collection_finish():
    """The tests themselves, thousands of objects each, are there to the end: no collection of what is left over looks at them."""
    gc.collect()
    gc.freeze()


class Scheduling(LoadScopeScheduling):
    """A module's tests stay in one process, for a notebook's cells need one kernel; and two have a JupyterLab and a browser."""

    def _split_scope(self, nodeid):
        return f"{BROWSER}{_half(nodeid)}" if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)


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
