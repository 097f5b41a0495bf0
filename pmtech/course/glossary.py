"""`glossary()`: the terms of the course, each in one line with a plain example."""

import html
import tomllib
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import traitlets

from pmtech.course.page import STYLE, code, page, script
from pmtech.kinds import Known
from pmtech.panels.widget import Panel

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Term:
    """One term. Shows itself as a short entry."""

    name: str
    line: str
    lesson: str
    example: str
    also: tuple[str, ...] = ()
    everyday: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """What is underlined in the text of a lesson: all its names but those that are everyday words as well."""
        return [name for name in (self.name, *self.also) if name not in self.everyday]

    def __repr__(self) -> str:
        return f"{self.name} (lesson {self.lesson}): {self.line}\nFor example: {self.example}"

    def _repr_html_(self) -> str:
        also = f' <span class="pmtech-quiet">also: {html.escape(", ".join(self.also))}</span>' if self.also else ""
        return page(
            f"<p><b>{html.escape(self.name)}</b>{also}</p><p>{code(self.line)}</p>"
            f'<p class="pmtech-quiet">For example: {code(self.example)} Lesson {self.lesson}.</p>'
        )


@cache
def terms() -> tuple[Term, ...]:
    """All terms in alphabetical order."""
    tables = tomllib.loads((HERE / "glossary.toml").read_text(encoding="utf-8"))["term"]
    lists = ({name: tuple(table.get(name, ())) for name in ("also", "everyday")} for table in tables)
    found = (Term(**{**table, **names}) for table, names in zip(tables, lists, strict=True))
    return tuple(sorted(found, key=lambda term: term.name.lower()))


class Glossary(Panel):
    """All terms, with a field that narrows them down. `value` is what stands in the field."""

    _esm = script("glossary.js")
    _css = STYLE
    value = traitlets.Unicode().tag(sync=True)
    terms = traitlets.List().tag(sync=True)


def glossary(term: str | None = None) -> Term | Glossary:
    """Explains one term, or shows them all: `glossary("throttling")`, `glossary()`.

    Raises ValueError with the nearest terms when there is no such term.
    """
    if term is None:
        return Glossary(terms=[asdict(t) for t in terms()])
    known = ((name.lower(), t) for t in terms() for name in (*t.also, t.name))
    return Known("term", known)[term.strip().lower()]
