"""`data_flow(system, {...})`: where personal data is, on a picture; `answer_sheet(...)`: the page for legal."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pmtech.course.brief.sheet import Brief, written
from pmtech.course.page import page
from pmtech.diagram import diagram
from pmtech.diagram.layout import layout
from pmtech.system.system import System
from pmtech.wording import listed

ASKED = ("which", "who can read it", "how long", "deleted how")
OPEN = "not known yet"


@dataclass(frozen=True)
class DataFlow:
    """held: part -> which personal data, who can read it, how long it stays, deleted how. A picture with marks."""

    system: System
    held: dict[str, tuple[str, ...]]

    @property
    def passes(self) -> list[str]:
        """Parts that it passes through on its way to those that keep it."""
        system, keep = self.system, {self.system.numbers[name] for name in self.held}
        inside = [name for name, part in system.components.items() if not part.is_source and name not in self.held]
        return [name for name in inside if system.reached(system.numbers[name]) & keep]

    @property
    def open(self) -> list[str]:
        """What nobody has said, as questions."""
        part, label = self.system.components, self.system.label
        keeps = [name for name in self.passes if part[name].remembers or part[name].detached or part[name].holds_data]
        said = [f"Does {label(name)} keep a copy on the way, and for how long?" for name in keeps]
        for name, told in self.held.items():
            missing = [what for what, answer in zip(ASKED, told, strict=True) if answer == OPEN]
            said += [f"{label(name)}: {listed(missing)}?"] if missing else []
        return said

    @property
    def picture(self) -> str:
        """The system as an HTML fragment with its marks."""
        marks = {name: f"● keeps {told[0]}" for name, told in self.held.items()}
        marks |= dict.fromkeys(self.passes, "○ passes through")
        return diagram(self.system, layout(self.system, marks))

    def __repr__(self) -> str:
        lines = [f"{self.system.label(name)}: {'; '.join(told)}" for name, told in self.held.items()]
        return "\n".join(lines + self.open)

    def _repr_html_(self) -> str:
        asked = "".join(f"<li>{html.escape(one)}</li>" for one in self.open)
        key = "<p>● keeps personal data, ○ it passes through.</p>"
        return self.picture + page(key + (f"<p><b>Still open</b></p><ul>{asked}</ul>" if asked else ""))


def data_flow(system: System, held: Mapping[str, str]) -> DataFlow:
    """Mark personal data on a system: `data_flow(tool, {"database": "names: support: 13 months: nightly job"})`.

    held: part -> which data, who can read it, how long, deleted how, with colons between; what is left out is open.
    Raises ValueError with a sentence.
    """
    if not isinstance(held, Mapping) or not held:
        raise ValueError(f'data_flow needs what is kept where, such as {{"database": "names: support"}}, got {held!r}')
    kept = {}
    for name, said in held.items():
        keeper = system.components[name].label
        if not isinstance(said, str) or not said.strip():
            raise ValueError(f'{keeper}: say which data, such as "names: support: 13 months", got {said!r}')
        told = [one.strip() or OPEN for one in said.split(":", len(ASKED) - 1)]
        kept[name] = (*told, *[OPEN] * (len(ASKED) - len(told)))
    return DataFlow(system, kept)


def answer_sheet(flow: DataFlow, *, title: str = "Personal data: where it is", folder: str | Path = ".") -> Brief:
    """Write one page for privacy, compliance and governance, as Markdown and HTML.

    A file that is there is never written over. Raises ValueError with a sentence.
    """
    label = flow.system.label
    heads = ("where", *ASKED[:-1], "deleted how, in backups and in exports too")
    rows = [heads, *((label(name), *told) for name, told in flow.held.items())]
    through = listed([label(name) for name in flow.passes]) or "nothing"
    content: dict[str, list] = {
        "Where it is kept": [tuple(rows)],
        "On the way": [f"It passes through {through}. Their logs, and whoever can read those, count too."],
        "Still open": [flow.open or ["Nothing that was asked."]],
        "To be checked by a person": [
            [
                "Copies that no picture has: backups, exports, screenshots in tickets, test data.",
                "Deleted is said of every copy, and somebody has tried it once.",
                "Said by us from the drawing of the system; not legal advice.",
            ]
        ],
    }
    return written(title, content, folder, flow.picture)
