"""The house: no circles among modules, nobody asks a part for its class, and each part says what it is."""

from __future__ import annotations

import ast
import dataclasses
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from pmtech import components
from pmtech.components.component import Component
from pmtech.engine.part import Part
from pmtech.engine.run import Run

ROOT = Path(__file__).resolve().parent.parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "pmtech").rglob("*.py"))
}
PARTS = [name for name in components.__all__ if issubclass(getattr(components, name), Component)]


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(module: str) -> set[str]:
    """Modules of the package that a module imports, wherever in it, lazily or for its types alone."""
    found = set()
    for node in ast.walk(tree(MODULES[module])):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in full}
    return (found & MODULES.keys()) - {module}


def test_there_are_no_circles():
    TopologicalSorter({module: imports(module) for module in MODULES}).prepare()  # raises CycleError, which names it


def decisions(path: Path) -> list[str]:
    """Where a file asks a thing whether it is one of the parts."""
    found = []
    for node in ast.walk(tree(path)):
        asked = []
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("isinstance", "issubclass")
        ):
            asked = [node.args[1]]
        elif isinstance(node, ast.MatchClass):
            asked = [node.cls]
        elif isinstance(node, ast.Compare) and any(isinstance(op, ast.Is | ast.Eq | ast.In) for op in node.ops):
            asked = [side for side in node.comparators if not isinstance(side, ast.Constant)]
        names = {name.id for one in asked for name in ast.walk(one) if isinstance(name, ast.Name)}
        found += [f"{path.name}:{node.lineno} {', '.join(names & set(PARTS))}"] if names & set(PARTS) else []
    return found


@pytest.mark.parametrize("module", [name for name in MODULES if not name.startswith("pmtech.components")])
def test_nobody_asks_a_part_for_its_class_or_probes_it(module):
    assert decisions(MODULES[module]) == []
    probes = re.findall(
        r"\b(?:has|get)attr\((?:part|spec|component|machine|source|target)\b.*", MODULES[module].read_text()
    )
    assert probes == []


@pytest.mark.parametrize("name", PARTS)
def test_each_part_says_what_it_is(name):
    part = getattr(components, name)()
    assert part.kind != "part" and part.icon != Component.icon
    assert part.question or part.is_source or name in ("Server", "Network", "Gateway")
    assert all(isinstance(fact, str) and fact for fact in part.facts())
    assert part.__doc__ and ("leaves out" in part.__doc__ or name == "Users")
    assert {f.name for f in dataclasses.fields(part)} >= {"name", "place"}
    if not part.is_source:
        behind = components.Server().running("behind", Run(1), [])
        running = part.running(part.slug, behind.run, [behind], ("/",))
        assert part.makes_wait or type(running).state is Part.state, "the theatre, too, is to show who waits"


def test_the_table_of_models_in_the_readme_is_whole():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`(\w+)`", readme.partition("### The models")[2].partition("`fidelity()`")[0]))
    assert set(components.__all__) - told == set()
    links = re.findall(r"\]\((pmtech/[\w./]+)\)", readme)
    assert links and [link for link in links if not (ROOT / link).exists()] == []
