"""What differs between two schemas, and whether the new one takes less, more or something else.

Two schemas are compared once, themselves without what is in them; the schemas within (fields, items) are pairs that they
lead to, and whoever asks for all findings follows the pairs. So a document may name itself, and be as large as it likes.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from pmtech.web.client.document import Document
from pmtech.web.client.effect import Effect, Finding, Pair, words
from pmtech.web.client.forms import ANY, KINDS, Forms, Union, alike
from pmtech.web.client.keywords import forms

Found = Iterator[Finding | Pair]
Local = tuple[list[Finding], list[Pair]]  # what differs here, and what to compare further in
SHOWN, NESTED = 3, 12  # places told of one and the same pair in one message; choices of forms within choices of forms


class Schemas:
    """Compares schemas of two documents."""

    def __init__(self, old: Document, new: Document):
        self.old, self.new = Forms(old), Forms(new)
        self._known: dict[tuple, Local] = {}
        self._equal: set[tuple] = set()
        self._open: set[tuple] = set()
        self._choices = 0

    def findings(self, old: Any, new: Any, *, asked: bool, text: str = "") -> list[Finding]:
        """All that differs, nearest first. `text` of a parameter: "" is none, "one", or "many" where ?a=1&a=2 is a list."""
        return self._follow(self._here(old, new, asked, text), asked)

    def same(self, old: Any, new: Any) -> bool:
        """Whether two entries are alike, with what they refer to and without what only describes them."""
        waiting, seen = [(old, new)], set()
        while waiting:
            was, now = waiting.pop()
            if (id(was), id(now)) in seen:
                continue
            seen.add((id(was), id(now)))
            was, now = self.old.document.follow(was), self.new.document.follow(now)
            if isinstance(was, dict) and isinstance(now, dict):
                was, now = ({n: v for n, v in side.items() if not _describes(n, v)} for side in (was, now))
                if was.keys() != now.keys():
                    return False
                waiting += [(was[name], now[name]) for name in was]
            elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
                waiting += zip(was, now, strict=True)
            elif not alike(was, now):
                return False
        return True

    def _follow(self, start: Local, asked: bool) -> list[Finding]:
        found: list[Finding] = []
        waiting: deque = deque([(start, (), False, None, frozenset())])
        visits: Counter = Counter()
        met: set[tuple] = set()
        while waiting:
            (here, pairs), place, turned, always, above = waiting.popleft()
            for f in here:
                effect = always or (f.effect.turned if turned else f.effect)
                found.append(Finding(f.what, effect, place + f.place))
            for pair in pairs:
                key = (id(pair.old), id(pair.new), asked, pair.text)
                state = (key, turned ^ pair.turned, always or pair.always)
                if key in self._equal or state in above or visits[state] >= SHOWN:
                    continue
                visits[state] += 1
                met.add(key)
                local = self._here(pair.old, pair.new, asked, pair.text)
                waiting.append((local, place + pair.place, state[1], state[2], above | {state}))
        if not found and not met & self._open:
            self._equal |= met
        return found

    def _here(self, old: Any, new: Any, asked: bool, text: str) -> Local:
        key = (id(old), id(new), asked, text)
        if key in self._open:
            return [], []  # met again while it is worked out: no further difference
        if key not in self._known:
            self._open.add(key)
            self._known[key] = _split(self._unions(self.old.union(old), self.new.union(new), asked, text))
            self._open.remove(key)
        return self._known[key]

    def _unions(self, was: Union, now: Union, asked: bool, text: str) -> Found:
        if text == "many" and "array" not in was.types and [form["type"] for form in now.forms] == ["array"]:
            form = now.forms[0]
            if form.get("minItems", 0) <= 1 <= form.get("maxItems", 1):
                yield Finding(f"may now be given several times, where it was {_types(was)}", Effect.MORE)
                now = self.new.union(form.get("items", ANY))
        yield from _type(was, now, text)
        yield from _hints(was.hints, now.hints)
        for kind in KINDS:
            before, after = ([form for form in side.forms if form["type"] == kind] for side in (was, now))
            if len(before) == 1 == len(after):
                yield from forms(before[0], after[0], self, asked=asked, text=text)
            elif before and after:
                yield from self._choice(before, after, asked, text)
        yield from self._exclusive(was, now, asked)

    def _choice(self, before: list[dict], after: list[dict], asked: bool, text: str) -> Found:
        """Each form is compared with its counterpart: that of its name, else one that is equal, the only other, or wider."""
        left, others = list(before), list(after)

        def met(fits: Callable[[dict, dict], bool]) -> Found:
            for a in list(left):
                b = next((b for b in others if fits(a, b)), None)
                if b is not None:
                    left.remove(a), others.remove(b)
                    place = (f"form {a.get('name') or before.index(a) + 1}",)
                    for f in forms(a, b, self, asked=asked, text=text):
                        yield replace(f, place=place + f.place)

        def effects(a: dict, b: dict) -> set[Effect]:
            return {f.effect for f in self._follow(_split(forms(a, b, self, asked=asked, text=text)), asked)}

        yield from met(lambda a, b: a.get("name") is not None and a["name"] == b.get("name"))
        if self._choices > NESTED:
            if left or others:
                yield Finding("its forms, chosen from within other forms,", Effect.UNKNOWN)
            return
        self._choices += 1
        yield from met(lambda a, b: not self._replaced(a, b) and not effects(a, b))
        if len(left) == 1 == len(others):
            yield from met(lambda a, b: not self._replaced(a, b))
        yield from met(lambda a, b: not self._replaced(a, b) and effects(a, b) <= {Effect.MORE, Effect.NONE})
        yield from met(lambda a, b: not self._replaced(a, b) and effects(a, b) <= {Effect.LESS, Effect.NONE})
        for a in left:
            kept = a["type"] != "object" and any(effects(a, b) <= {Effect.MORE, Effect.NONE} for b in after)
            said = "no longer takes" if asked else "is no longer"
            yield Finding(f"{said} the form {_called(a, before)}", Effect.NONE if kept else Effect.LESS)
        for b in others:
            kept = b["type"] != "object" and any(effects(a, b) <= {Effect.LESS, Effect.NONE} for a in before)
            said = "now also takes" if asked else "may now also be"
            yield Finding(f"{said} the form {_called(b, after)}", Effect.NONE if kept else Effect.MORE)
        self._choices -= 1

    def _replaced(self, a: dict, b: dict) -> bool:
        """Whether the two go by different names, and what the old one names is still there: another thing, not renamed."""
        names = a.get("name"), b.get("name")
        components = self.new.document.view(self.new.document.data.get("components") or {}, "components")
        return None not in names and names[0] != names[1] and names[0] in components.get("schemas", {})

    def _exclusive(self, was: Union, now: Union, asked: bool) -> Found:
        """From `anyOf` to `oneOf` and back: a value may fit several forms only if these have one type."""
        several = any(count > 1 for side in (was, now) for count in Counter(f["type"] for f in side.forms).values())
        if was.exclusive == now.exclusive or not several:
            return
        if was.exclusive:
            yield Finding("may now fit several of its forms", Effect.MORE if asked else Effect.UNKNOWN)
            return
        more = {Effect.MORE, Effect.NONE}
        for a in was.forms:
            like = [b for b in now.forms if b["type"] == a["type"]]
            split = [_split(forms(a, b, self, asked=asked, text="")) for b in like]
            if sum({f.effect for f in self._follow(each, asked)} <= more for each in split) > 1:
                yield Finding("what fits several of its forms is no longer taken", Effect.LESS)
                return
        yield Finding("must now fit one of its forms and no other", Effect.UNKNOWN)


def _split(found: Found) -> Local:
    both = list(found)
    return [f for f in both if isinstance(f, Finding)], [p for p in both if isinstance(p, Pair)]


def _called(form: dict, among: list[dict]) -> str:
    return str(form.get("name") or f"number {among.index(form) + 1}")


def _types(union: Union) -> str:
    if union.types == set(KINDS):
        return "any"
    whole = all(form.get("whole") for form in union.forms if form["type"] == "number")
    return words("integer" if kind == "number" and whole else kind for kind in union.types) or "nothing"


def _type(was: Union, now: Union, text: str) -> Found:
    lost, won = was.types - now.types, now.types - was.types
    if text and lost <= {"boolean", "number"}:
        if any(form.keys() <= {"type", "name", "declared"} for form in now.forms if form["type"] == "string"):
            lost = set()  # in an address everything is text
    if lost or won:
        effect = Effect.OTHER if lost and won else Effect.LESS if lost else Effect.MORE
        yield Finding(f"type changed from {_types(was)} to {_types(now)}", effect)
    written = [any(form["declared"] for form in side.forms) for side in (was, now)]
    if was.types == now.types and written[0] != written[1]:
        yield Finding(
            f"that its type is {_types(now)} is {'now' if written[1] else 'no longer'} written down", Effect.NONE
        )


def _hints(was: tuple, now: tuple) -> Found:
    """Discriminators: they help to tell forms apart and change nothing of what fits, unless clients go by them."""
    if len(was) == len(now) and all(map(alike, was, now)):
        return
    if not was or not now:
        names = words(str(hint.get("propertyName")) for hint in was or now)
        yield Finding(f"that its forms are told apart by field {names} is {'gone' if was else 'new'}", Effect.NONE)
        return
    before, after = was[0], now[0]
    maps = [hint.get("mapping") if isinstance(hint.get("mapping"), dict) else {} for hint in (before, after)]
    rest = [{n: v for n, v in hint.items() if n != "mapping"} for hint in (before, after)]
    added = alike(*rest) and len(was) == len(now) == 1 and all(alike(maps[1].get(n), v) for n, v in maps[0].items())
    yield Finding(
        "the field by which its forms are told apart, or its values", Effect.NONE if added else Effect.UNKNOWN
    )


def _describes(name: str, value: Any) -> bool:
    return name in ("description", "summary") and isinstance(value, str)
