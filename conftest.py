"""Every test and every notebook keeps its answers in a folder that is thrown away, never in the learner's."""

import os
import tempfile
from pathlib import Path

from hypothesis import settings

_thrown_away = tempfile.TemporaryDirectory(prefix="pmtech-tests-", ignore_cleanup_errors=True)
os.environ["PMTECH_HOME"] = os.path.join(_thrown_away.name, "answers")
os.environ["IPYTHONDIR"] = os.path.join(_thrown_away.name, "ipython")

# Neither luck nor a machine that is busy with something else is a reason for a test to fail.
settings.register_profile("the same each time", derandomize=True, database=None, deadline=None, print_blob=True)
settings.load_profile("the same each time")

_lessons = Path(__file__).parent / "notebooks"
_before = set(_lessons.glob("brief-*"))


def pytest_sessionfinish():
    """The lessons write their page for colleagues beside themselves; those of a learner were there before."""
    for page in set(_lessons.glob("brief-*")) - _before:
        page.unlink(missing_ok=True)
