"""What the page of a sketch shows: the palette, the picture, the chosen part, what came of the run, and every sentence."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from pmtech import theory
from pmtech.diagram import diagram
from pmtech.diagram.layout import layout
from pmtech.panels.cards import busiest_part, default_cards, shown
from pmtech.runs.homes import uneven_shares
from pmtech.runs.result import Result
from pmtech.sketch.form import form
from pmtech.sketch.palette import KINDS, could_lead, what_for
from pmtech.sketch.presets import PRESETS
from pmtech.sketch.trial import changes_until_s
from pmtech.sketch.trouble import TROUBLES, Set
from pmtech.system.editing import endpoints
from pmtech.system.system import System, lacks
from pmtech.wording import seconds

EMPTY: dict[str, Any] = {"picture": "", "boxes": [], "selected": None, "form": [], "can": {}}


def about() -> dict[str, Any]:
    """What stays: the parts, the presets, the cities and the troubles that there are."""
    return {
        "kinds": [
            {"kind": name, "label": kind().label, "icon": kind.icon, "is": what_for(kind)}
            for name, kind in KINDS.items()
        ],
        "presets": [{"id": key, "label": p.label, "shows": p.shows} for key, p in PRESETS.items()],
        "places": [*theory.PLACES],
        "troubles": [{"id": key, "label": t.label, "whole": t.whole} for key, t in TROUBLES.items()],
    }


def drawn(
    system: System, selected: str | None, can: Callable[[System, str], dict[str, list[str]]], ran: Result | None
) -> dict[str, Any]:
    """The picture, and all that is to be known of the part that is chosen. ran: the last run, of this or nearly this."""
    plan = layout(system, shares=uneven_shares(ran) if ran else None)
    boxes = [
        {"parts": list(b.parts), "label": b.name, "said": "; ".join(b.said), "lacks": lacks(system, b.parts[0]),
         "x": b.x, "y": b.y, "width": b.width, "height": b.height}
        for b in plan.boxes
    ]  # fmt: skip
    told: dict[str, Any] = {"picture": diagram(system, plan), "boxes": boxes, "size": [plan.width, plan.height]}
    told |= {"selected": selected, "form": [], "can": {}, "arrows": [], "others": []}
    if selected in system.numbers:
        number, part = system.numbers[selected], system.components[selected]
        heads: dict[str, list[str]] = {}
        for edge in system.after(number):
            heads.setdefault(system.names[edge.head], []).extend([edge.label] if edge.label else [])
        told |= {
            "form": form(system, selected),
            "name": part.name or "",
            "label": system.label(selected),
            "kind": _called(type(part).__name__),
            "question": part.question or "",
            "can": can(system, selected),
            "arrows": [{"head": head, "label": system.label(head), "routes": r} for head, r in heads.items()],
            "others": [{"name": one, "label": system.label(one)} for one in could_lead(system, number)],
        }
    return told


def set_off(system: System, troubles: list[Set]) -> list[dict[str, Any]]:
    """What will happen in the run, in words."""
    return [
        {"what": what, "name": name, "said": TROUBLES[what].label + (f": {system.label(name)}" if name else "")}
        for what, name in troubles
    ]


def figures(result: Result | None, kept: Result | None, error: str | None) -> dict[str, Any]:
    """What came of the last run, beside the one that was kept."""
    told: dict[str, Any] = {"error": error, "cards": [], "sentences": "", "caption": "", "busiest": None}
    if result:
        cards = default_cards(result.system)
        if result.totals["error_rate"] > 0 and "refused" not in cards:
            cards = (*cards[:-1], "refused")  # whatever else is in the system, that is to be seen
        told["cards"] = shown(result, kept, cards)
        said = [*unasked(result.system), *unseen(result), *as_one(result)]
        told["sentences"] = " ".join([*said, result.explain(p99=False)])
        name, used = busiest_part(result) or (None, 0.0)
        told["busiest"] = name if used > 0 else None
        told["caption"] = f"Below: {seconds(result.duration_s)} of it, always with the same customers."
        if any(sender.surge or sender.profile for sender in result.system.sources.values()):
            told["caption"] += " The load changes meanwhile; in the drawing stands the usual one."
    return told


def unasked(system: System) -> Iterator[str]:
    """For each address that leads somewhere and that nobody asks for: where it is said what is asked for."""
    asked = endpoints(system)
    for edge in system.edges:
        if edge.label and edge.label not in asked:
            head, who = (system.label(name) for name in (system.names[edge.head], next(iter(system.sources))))
            yield (
                f"Nobody asks for {edge.label}, which leads to “{head}”: add it at “{who}” under Endpoints, such as "
                f"{', '.join(f'{path}: 1' for path in [*asked[:1], edge.label])}."
            )


def unseen(result: Result) -> Iterator[str]:
    """What the run is too short for."""
    if changes_until_s(result.system) > result.duration_s:
        until, end = (seconds(moment_s) for moment_s in (changes_until_s(result.system), result.duration_s))
        yield f"The load changes until {until} have passed; this run, of so many requests, ends after {end}."


def as_one(result: Result) -> Iterator[str]:
    """Where all who ask are one box of Clients, and a limit of each caller refuses them: that they are one caller to it."""
    (name, sender), *others = result.system.sources.items()
    for part, limit in result.system.components.items():
        if not others and sender.callers == 1 and limit.counts_each and result.parts[part]["rejected"]:
            yield (
                f"To “{result.system.label(part)}” all of “{result.system.label(name)}” is one caller. Where each person "
                "is to have a limit, put “Users” in its place."
            )


def as_drawn(text: str, system: System | None) -> str:
    """As it is said on the page: parts are called as in the drawing, and what is to be put in is no code."""
    called = {name: system.label(name) for name in system.names} if system else {}
    idle = re.search(r'"(.+)" has nowhere to send requests', text)
    if system and idle and could_lead(system, system.numbers[idle[1]]):
        text += ", or lead it to a part under Arrows"
    for name, label in called.items():
        text = text.replace(f'"{name}"', f"“{label}”")
    new = {kind().slug: kind().label for kind in KINDS.values()}  # what is not there yet
    text = re.sub(r'"([a-z_]+?)(?:_\d+)?"', lambda slug: f"“{new[slug[1]]}”" if slug[1] in new else slug[0], text)
    text = re.sub(r"(?:>> )?\b([A-Z]\w+)\(\)(?: >>)?", lambda code: f"“{_called(code[1])}”", text)
    text = re.sub(r"\b[A-Z]+[a-z]+[A-Z]\w+", _as_word, text)  # a LoadBalancer
    return f"{text[:1].upper()}{text[1:].rstrip('.')}{'' if text.endswith('?') else '.'}"


def _as_word(code: re.Match) -> str:
    """The kind of a part as a word of a sentence; a name that looks like one (GitHub) stays."""
    return _called(code[0]).lower() if code[0] in KINDS else code[0]


def _called(kind: str) -> str:
    return KINDS[kind]().label if kind in KINDS else kind
