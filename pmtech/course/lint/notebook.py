"""A notebook as the rules read it: its cells, each with what it calls and the heading that it stands under."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pmtech.course.exercises import questions

TO_WRITE = re.compile(r"\[Write: (.+?)\]", re.DOTALL)

Found = Iterator[tuple[int, str]]  # what a rule finds: the number of a cell, or 0 for the whole, and a sentence


@dataclass(frozen=True)
class Cell:
    """A cell, its number from 1, and the heading that it stands under ("" for the title card)."""

    number: int
    kind: str
    source: str
    section: str
    raw: dict[str, Any]

    @cached_property
    def tree(self) -> ast.Module:
        try:
            return ast.parse(self.source)
        except SyntaxError:
            return ast.Module([], [])  # `execution.run` says so

    @property
    def hidden(self) -> bool:
        return bool(self.raw["metadata"].get("jupyter", {}).get("source_hidden"))

    @property
    def first(self) -> str:
        return (self.source.splitlines() or [""])[0]

    @property
    def lines(self) -> int:
        return sum(1 for line in self.source.splitlines() if line.strip())

    def nodes(self, *kinds: type[ast.AST]) -> list[Any]:
        return [node for node in ast.walk(self.tree) if isinstance(node, kinds)]

    def calls(self, *names: str) -> list[ast.Call]:
        """The calls by a bare name, `explore(...)` but not `pmtech.explore(...)`."""
        return [c for c in self.nodes(ast.Call) if isinstance(c.func, ast.Name) and c.func.id in names]

    def ids(self, name: str) -> list[str]:
        """The ids that `ask`, `reveal` or `check` is called with."""
        firsts = [call.args[0] for call in self.calls(name) if call.args]
        return [one.value for one in firsts if isinstance(one, ast.Constant) and isinstance(one.value, str)]

    @property
    def composes(self) -> bool:
        """Does it put a system together, change its numbers, run it, or name one to draw it?"""
        called = {ast.unparse(call.func).split(".")[-1] for call in self.nodes(ast.Call)}
        body = self.tree.body
        lone = len(body) == 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Name)
        return bool(
            self.nodes(ast.RShift) or lone or called & {"decide", "replace", "simulate", "sweep", "scalability"}
        )


@dataclass(frozen=True)
class Notebook:
    """A notebook as it is read for the rules."""

    path: Path
    metadata: dict[str, Any]
    cells: tuple[Cell, ...]

    @property
    def number(self) -> str:
        return self.path.name[:2]

    @cached_property
    def questions(self) -> dict[str, questions.Question]:
        """The course's and those that lie beside the lesson. Raises ValueError with a sentence."""
        return questions.with_own(questions.questions_in, questions.FOLDER, self.path.parent)

    @property
    def code(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.kind == "code"]

    @property
    def prose(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.kind == "markdown"]

    @property
    def sections(self) -> list[str]:
        return list(dict.fromkeys(cell.section for cell in self.cells))

    def text(self, section: str) -> str:
        return "\n".join(cell.source for cell in self.prose if cell.section == section)

    def count(self, section: str, *names: str) -> int:
        return sum(len(cell.calls(*names)) for cell in self.code if cell.section == section)

    def at(self, section: str) -> int:
        return next((cell.number for cell in self.cells if cell.section == section), 0)


def read(path: Path) -> Notebook:
    """The notebook in a file. Raises OSError; ValueError where it is none."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        cells, section = [], ""
        for number, cell in enumerate(raw["cells"], 1):
            source = "".join(cell["source"])
            heading = re.match(r"## (.+?)(?: · \d+ min)?$", source, re.MULTILINE)
            section = heading[1].strip() if heading and cell["cell_type"] == "markdown" else section
            cells.append(Cell(number, cell["cell_type"], source, section, {"metadata": {}, **cell}))
        return Notebook(path, raw["metadata"], tuple(cells))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError(f"{path.name} is not a notebook of Jupyter's, or is damaged.") from None
