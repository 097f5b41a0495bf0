"""pmtech: how internet software works and scales, for product managers, by letting them run it."""

from __future__ import annotations

import importlib
import os
import sys

try:
    from pmtech import components, diagram, findings, room, traces  # noqa: F401  diagram and findings hand themselves down
    from pmtech.components import *  # noqa: F403  a new part is one line there
    from pmtech.runs.events import Change, Deploy, Errors, Outage, Purge, Slowdown
    from pmtech.runs.result import Result
    from pmtech.runs.simulate import simulate
    from pmtech.system.system import System
    from pmtech.traces import from_log as _  # noqa: F401  hands down Clients.from_log
except ModuleNotFoundError as missing:  # `pmtech check` must still be able to say so
    if str(missing.name).startswith("pmtech"):
        raise
    _missing = missing.name
except KeyboardInterrupt:
    if "pmtech" in (word.rpartition(os.sep)[2].partition(".")[0] for word in sys.orig_argv[1:3]):
        sys.exit("\nStopped.")  # the command, while it starts
    raise
else:
    _missing = None
    del findings, room  # noqa: F821  the folders; by these names people mean the functions

__version__ = "0.1.0"

# Made when first asked for: the panels and the web API cost time that not every start should pay.
_LATER = {
    "advisories": "pmtech.web.experiments.advisories",
    "answer_sheet": "pmtech.course.brief.data_flow",
    "answered_by": "pmtech.panels.cached",
    "answers_by_machine": "pmtech.runs.homes",
    "ask": "pmtech.course.exercises.ask",
    "at_rest": "pmtech.web.experiments.encryption",
    "attack": "pmtech.web.experiments.attacks",
    "breaking_changes": "pmtech.web.client.contract",
    "brief": "pmtech.course.brief",
    "busiest": "pmtech.runs.callers",
    "cadence": "pmtech.runs.cadence",
    "canary": "pmtech.panels.canary",
    "causal_loop": "pmtech.course.picture",
    "change_the_number": "pmtech.web.experiments.attacks",
    "check": "pmtech.course.exercises.check",
    "check_environment": "pmtech.install.environment",
    "Choice": "pmtech.panels.controls",
    "compare": "pmtech.panels.compare",
    "console": "pmtech.panels.console",
    "cold_starts": "pmtech.web.experiments.cold_starts",
    "container_file": "pmtech.web.experiments.container_file",
    "contract": "pmtech.web.experiments.requests",
    "contract_test": "pmtech.web.experiments.contract_test",
    "costs": "pmtech.runs.prices",
    "data_flow": "pmtech.course.brief.data_flow",
    "demand": "pmtech.panels.demand",
    "explore": "pmtech.panels.explore",
    "failing_job": "pmtech.web.experiments.jobs",
    "fidelity": "pmtech.runs.fidelity",
    "findings": "pmtech.web.experiments.requests",
    "first_page": "pmtech.panels.figure",
    "fleets": "pmtech.panels.figure",
    "frontend": "pmtech.course.frontend",
    "glossary": "pmtech.course.glossary",
    "hit_ratios": "pmtech.panels.cached",
    "hostile_input": "pmtech.web.experiments.requests",
    "index_demo": "pmtech.web.experiments.index_demo",
    "join": "pmtech.room.join",
    "keys_moved": "pmtech.runs.homes",
    "kill_copy": "pmtech.panels.copies",
    "kill_process": "pmtech.web.experiments.kill_process",
    "kill_worker": "pmtech.web.experiments.jobs",
    "layers": "pmtech.course.layers",
    "lateness": "pmtech.panels.figure",
    "leave": "pmtech.room.join",
    "live": "pmtech.panels.live.live",
    "load_test": "pmtech.panels.load_test",
    "lossy_calls": "pmtech.web.experiments.faulty_calls",
    "lost_order": "pmtech.panels.lost_order",
    "machine": "pmtech.runs.prices",
    "meeting": "pmtech.course.exercises.meeting",
    "migration": "pmtech.web.shipping.migration",
    "monitoring": "pmtech.panels.figure",
    "next_contract": "pmtech.web.experiments.requests",
    "on_the_wire": "pmtech.web.experiments.encryption",
    "over_time": "pmtech.panels.figure",
    "password_cost": "pmtech.web.experiments.passwords",
    "picture": "pmtech.course.picture",
    "outdated": "pmtech.panels.cached",
    "peak_day": "pmtech.course.peak_day",
    "pipeline": "pmtech.web.shipping.pipeline",
    "places": "pmtech.course.picture",
    "plan": "pmtech.runs.planning",
    "post_mortem": "pmtech.course.brief.post_mortem",
    "progress": "pmtech.course.way.map",
    "promise": "pmtech.runs.promise",
    "Protections": "pmtech.web.app.protections",
    "release": "pmtech.web.shipping.pipeline",
    "repository": "pmtech.web.shipping.repository",
    "requirements": "pmtech.course.brief.requirements",
    "retry_lost_answer": "pmtech.web.experiments.requests",
    "reveal": "pmtech.course.exercises.reveal",
    "rollouts": "pmtech.runs.rollouts",
    "room": "pmtech.room.in_kernel",
    "scalability": "pmtech.panels.figure",
    "send_twice": "pmtech.web.experiments.requests",
    "shared_cache": "pmtech.web.experiments.shared_cache",
    "sizes": "pmtech.runs.prices",
    "sketch": "pmtech.sketch.sketch",
    "Slider": "pmtech.panels.controls",
    "slow_calls": "pmtech.web.experiments.faulty_calls",
    "sort": "pmtech.course.exercises.sort",
    "sql_injection": "pmtech.web.experiments.injection",
    "start_api": "pmtech.web.app.server",
    "start_copies": "pmtech.web.proxy.copies",
    "start_mock": "pmtech.web.app.mock",
    "stored_script": "pmtech.web.experiments.attacks",
    "stuffing": "pmtech.web.experiments.passwords",
    "sweep": "pmtech.panels.sweep",
    "theatre": "pmtech.panels.live.theatre",
    "theory": "pmtech",
    "traffic": "pmtech.panels.cached",
    "verb_table": "pmtech.course.verb_table",
    "waterfall": "pmtech.panels.figure",
}

__all__ = ["Change", "Deploy", "Errors", "Outage", "Purge", "Result", "Slowdown", "System", "simulate"]
__all__ += [] if _missing else components.__all__
__all__ += list(_LATER)


def __getattr__(name: str):
    if _missing and name in __all__:
        raise ImportError(f"The package {_missing} is missing. To see what to do: python -m pmtech check")
    where = _LATER.get(name)
    if where is None:
        raise AttributeError(f"module 'pmtech' has no attribute {name!r}")
    if where == "pmtech":
        value = importlib.import_module(f"pmtech.{name}")
    else:
        value = getattr(importlib.import_module(where), name)
        value = importlib.import_module("pmtech.kinds").explained(value)
    globals()[name] = value
    return value


def __dir__():
    return __all__


def _in_notebook() -> bool:
    """Asked without importing IPython, which a plain program never needs."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def load_ipython_extension(shell) -> None:
    """A kernel of the lessons loads this when it starts: then a slip is a sentence from the first cell on."""
    if not _missing:
        importlib.import_module("pmtech.room.membership").be_there(shell)


if _in_notebook() and not _missing:
    for _name in ("errors", "lifetime"):
        importlib.import_module(f"pmtech.panels.{_name}").install()
    importlib.import_module("pandas").set_option("display.html.use_mathjax", False)  # dollars in a table are money
