"""Every test and every notebook keeps its answers in a folder that is thrown away, never in the learner's."""

import os
import tempfile

_thrown_away = tempfile.TemporaryDirectory(prefix="pmtech-tests-", ignore_cleanup_errors=True)
os.environ["PMTECH_HOME"] = os.path.join(_thrown_away.name, "answers")
os.environ["IPYTHONDIR"] = os.path.join(_thrown_away.name, "ipython")
