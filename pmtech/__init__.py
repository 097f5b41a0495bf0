"""pmtech: how internet software works and scales, for product managers, by letting them run it."""

from __future__ import annotations

import importlib

from pmtech.components import (
    Cache,
    Clients,
    Database,
    Gateway,
    LoadBalancer,
    Network,
    RateLimiter,
    Server,
    Surge,
    Throttle,
    Users,
)
from pmtech.result import Result
from pmtech.simulate import Change, Outage, simulate
from pmtech.system import System

__version__ = "0.1.0"

# Made when first asked for: the panels and the web API cost time that not every start should pay.
_LATER = {
    "Choice": "pmtech.panels.controls",
    "Slider": "pmtech.panels.controls",
    "ask": "pmtech.course.ask",
    "brief": "pmtech.course.brief",
    "check": "pmtech.course.check",
    "check_environment": "pmtech.environment",
    "compare": "pmtech.panels.compare",
    "costs": "pmtech.prices",
    "explore": "pmtech.panels.explore",
    "glossary": "pmtech.course.glossary",
    "machine": "pmtech.prices",
    "picture": "pmtech.course.picture",
    "progress": "pmtech.course.map",
    "scalability": "pmtech.panels.scalability",
    "sizes": "pmtech.prices",
    "sweep": "pmtech.panels.sweep",
    "theory": "pmtech",
    "waterfall": "pmtech.panels.figure",
}

__all__ = sorted([
    "Cache", "Change", "Clients", "Database", "Gateway", "LoadBalancer", "Network", "Outage", "RateLimiter", "Result", "Server", "Surge", "System",
    "Throttle", "Users", "simulate", *_LATER,
])  # fmt: skip


def __getattr__(name: str):
    where = _LATER.get(name)
    if where is None:
        raise AttributeError(f"module 'pmtech' has no attribute {name!r}")
    value = importlib.import_module(f"pmtech.{name}") if where == "pmtech" else getattr(importlib.import_module(where), name)
    globals()[name] = value
    return value


def __dir__():
    return __all__
