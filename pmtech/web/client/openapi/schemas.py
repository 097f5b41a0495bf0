"""What differs between two schemas, and whether the new one takes less, more or something else.

Two schemas are compared once, themselves without what is in them; the schemas within (fields, items) are pairs that they
lead to, and whoever asks for all findings follows the pairs. So a schema may contain itself, and go as deep as it likes.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache, partial
from itertools import chain, combinations, product
from typing import Any

from pmtech.web.client.openapi.document import ODD, Document, alike
from pmtech.web.client.openapi.effect import Effect, Finding, Found, Pair, words
from pmtech.web.client.openapi.form import ANY, KINDS, Form, Union
from pmtech.web.client.openapi.forms import Sides
from pmtech.web.client.openapi.rules import differences

Local = tuple[list[Finding], list[tuple[tuple, Pair]]]  # what differs here, and what to compare further in
SHOWN, FEW = 3, 300  # places told of the same two schemas in one message, of contracts with no more pairs than that
FURTHER = "differs further in, as is listed with other requests"
PLAIN = {"boolean", "number"}
NESTED = 12  # choices of forms within choices of forms
WIDER = {Effect.MORE, Effect.PASSED, Effect.PERHAPS_MORE, Effect.NONE}
NARROWER = {Effect.LESS, Effect.PERHAPS_LESS, Effect.NONE}


class Schemas(Sides):
    """Compares schemas of two documents."""

    def __init__(self, old: Document, new: Document):
        super().__init__(old, new)
        self._found: dict[tuple, list[Finding]] = {}
        self._known: dict[tuple, Local] = {}
        self._open: set[tuple] = set()
        self._reached: dict[tuple, frozenset[Effect]] = {}  # what the differences do that it leads to
        self._told: Counter = Counter()
        self._nested = 0

    def findings(self, old: Any, new: Any, *, asked: bool, text: str = "") -> list[Finding]:
        """All that differs, nearest first. `text` says what travels as text: "one" a parameter, "many" where ?a=1&a=2 is a
        list, each with "sent" when it may not be left out; "fields" those of an object."""
        key = (id(old), id(new), asked, text)
        if key not in self._found:
            self._found[key] = self._follow(self._local([Pair(old, new, text=text)], asked), asked)
        return self._found[key]

    def _follow(self, start: Local, asked: bool, *, tells: bool = True) -> list[Finding]:
        """In large contracts, where everything may lead to everything, what was told several times is only pointed to. With
        `tells` off the effects count alone, and what is known of them is not gone through again."""
        found: list[Finding] = []
        waiting: deque = deque([(start, (), False, None, None, frozenset())])
        visits: Counter = Counter()
        parents: dict[tuple, set] = {}
        effects: dict[tuple | None, set] = defaultdict(set)
        unsure: set[tuple] = set()  # of what is still worked out
        while waiting:
            (here, pairs), place, turned, always, parent, above = waiting.popleft()
            for f in here:
                found.append(Finding(f.what, always or (f.effect.turned if turned else f.effect), place + f.place))
                effects[parent].add(found[-1].effect)
            for key, pair in pairs:
                state = (key, turned ^ pair.turned, always or pair.always)
                known, many = self._reached.get(state), len(self._known) > FEW
                effects[parent] |= known or set()
                again = many and parent and self._told[state] >= SHOWN and self._here(key, pair)[1]
                if known is not None and (not known or not tells or again):
                    found += [Finding(FURTHER, effect, place + pair.place) for effect in known]
                    continue
                parents.setdefault(state, set()).add(parent)
                if visits[state] < (1 if many else SHOWN) and state not in above:
                    visits[state] += 1
                    unsure |= {state} if key in self._open else set()
                    inside = self._here(key, pair)
                    waiting.append((inside, place + pair.place, *state[1:], state, above if many else above | {state}))
        self._told.update(visits.keys() if tells else ())
        reach = {effect: _leading({s for s, found in effects.items() if effect in found}, parents) for effect in Effect}
        for state in parents.keys() - _leading(unsure, parents):
            self._reached[state] = frozenset(effect for effect in Effect if state in reach[effect])
        return found

    def _here(self, key: tuple, pair: Pair) -> Local:
        if key in self._open:
            return [], []  # met again while it is worked out: no further difference
        if key not in self._known:
            self._open.add(key)
            unions = self.old.union(pair.old), self.new.union(pair.new)
            self._known[key] = self._local(self._unions(*unions, *key[2:]), key[2])
            self._open.remove(key)
        return self._known[key]

    def _local(self, found: Iterable[Finding | Pair], asked: bool) -> Local:
        here, pairs = [], []
        for each in found:
            if isinstance(each, Finding):
                here.append(each)
            else:
                pair = replace(each, old=self.old.named(each.old), new=self.new.named(each.new))
                pairs.append(((id(pair.old), id(pair.new), asked, pair.text), pair))
        return here, pairs

    def _unions(self, was: Union, now: Union, asked: bool, text: str) -> Found:
        if text.startswith("many") and "array" not in was.types and [form.kind for form in now.forms] == ["array"]:
            listed = now.forms[0].words
            if listed.get("minItems", 0) <= 1 <= listed.get("maxItems", 1):
                yield Finding(f"may now be given several times, where it was one {_types(was)}", Effect.MORE)
                now = self.new.union(listed.get("items", ANY))
        yield from _type(was, now, text)
        yield from _hints(was.hints, now.hints, asked)
        for kind in KINDS:
            before, after = ([form for form in side.forms if form.kind == kind] for side in (was, now))
            if len(before) == 1 == len(after):
                yield from differences(before[0], after[0], self, asked=asked, text=text)
            elif before and after:
                yield from self._choice(before, after, asked, text)
        yield from self._exclusive(was, now, asked)

    def _choice(self, before: list[Form], after: list[Form], asked: bool, text: str) -> Found:
        """Each form is compared with its counterpart: that of its name, else an equal one, the only other, a wider or a
        narrower one. What is left is gone, or new."""
        left, others = list(before), list(after)
        # Where any text will do, the texts that are listed beside it are hints.
        sides = ((Effect.MORE, before), (Effect.LESS, after))
        free = {does for does, forms in sides if forms[0].kind != "object" and any(not form.words for form in forms)}
        effects = cache(partial(self._effects, asked=asked, text=text))
        ways: list[Callable[[Form, Form], bool]] = [
            lambda a, b: a.name is not None and a.name == b.name,
            lambda a, b: not effects(a, b),
            lambda a, b: len(left) == 1 == len(others),
            lambda a, b: effects(a, b) <= WIDER,
            lambda a, b: effects(a, b) <= NARROWER,
        ]
        too_deep = self._nested == NESTED
        for fits, a in product(ways[:2] if too_deep else ways, before):
            b = next((b for b in others if a in left and not self._replaced(a, b) and fits(a, b)), None)
            if b:
                left.remove(a)
                others.remove(b)
                place = (f"form {_called(a, before)}",)
                for f in differences(a, b, self, asked=asked, text=text):
                    if isinstance(f, Finding) and f.effect in free:
                        f = replace(f, effect=Effect.NONE)
                    yield replace(f, place=place + f.place)
        if too_deep and (left or others):
            yield Finding("its forms, which are chosen from within other forms", Effect.UNKNOWN)
            left = others = []
        for a in left:
            # Objects take most of what objects with other fields do, as long as they may have further ones.
            kept = any(_one_thing(a, b) and effects(a, b) <= WIDER for b in after)
            said = "no longer takes" if asked else "is no longer"
            yield Finding(f"{said} the form {_called(a, before)}", Effect.NONE if kept else Effect.LESS)
        for b in others:
            kept = b.kind != "object" and any(effects(a, b) <= NARROWER for a in before)
            said = "now also takes" if asked else "may now also be"
            yield Finding(f"{said} the form {_called(b, after)}", Effect.NONE if kept else Effect.MORE)

    def _effects(self, a: Form, b: Form, *, asked: bool, text: str = "") -> set[Effect]:
        if self._nested == NESTED:
            return set() if self.same(a.words, b.words) else {Effect.UNKNOWN}
        self._nested += 1
        local = self._local(differences(a, b, self, asked=asked, text=text), asked)
        effects = {f.effect for f in self._follow(local, asked, tells=False)}
        self._nested -= 1
        return effects

    def _replaced(self, a: Form, b: Form) -> bool:
        """Whether the two have different names and the old name is still in use: another thing then, and not renamed."""
        return None not in (a.name, b.name) and a.name != b.name and a.name in self.new.document.components("schemas")

    def _exclusive(self, was: Union, now: Union, asked: bool) -> Found:
        """From `anyOf` to `oneOf` and back, which matters when a value may fit several forms; and within `oneOf`, where a
        form that takes more may leave less that fits no other. Objects are not meant to fit several, unless what was sent
        for one of them comes to fit another, too."""
        if not was.exclusive and not now.exclusive:
            return
        pairs = [
            [(side, *pair) for pair in combinations(union.forms, 2)]
            for side, union in ((self.old, was), (self.new, now))
        ]
        overlapping = {a.kind if a.kind == b.kind else "any" for side, a, b in chain(*pairs) if side.overlap(a, b)}
        meant = overlapping - {"object"}
        met = [any(side.overlap(a, b, named=True) for side, a, b in each) for each in pairs]
        if was.exclusive and now.exclusive:
            same = was.exclusive == now.exclusive
            unsure = not same or meant or (asked and self._newly_met(was, now, met))
            if overlapping and unsure and not (same and self._same_forms(was, now, asked)):
                yield Finding("what fits several of its forms, of which it may fit one", Effect.UNKNOWN)
        elif len(now.forms) == 1:
            if was.exclusive and not asked and (meant or met[0]):  # a strict reader refuses what fits several
                yield Finding("what fitted several of its forms, of which it might fit one", Effect.UNKNOWN)
        elif overlapping and was.exclusive:
            yield Finding("may now fit several of its forms", Effect.MORE if asked else Effect.UNKNOWN)
        elif overlapping and not asked:
            yield Finding("now fits one of its forms and no other", Effect.LESS)
        elif overlapping and any(sum(self._takes(a, b) for b in now.forms) > 1 for a in was.forms):
            yield Finding("what fits several of its forms is no longer taken", Effect.LESS)
        elif overlapping and (len(was.forms) > 1 or meant or met[1]):
            yield Finding("must now fit one of its forms and no other", Effect.UNKNOWN)

    def _newly_met(self, was: Union, now: Union, met: list[bool]) -> bool:
        """May what fits several forms now have fitted one before? Not where two forms of before took what fits both of them.
        Where a field says which form is meant, it matters only if none met before."""
        if now.hints:
            return met == [False, True]
        before = cache(lambda form: {n for n, old in enumerate(was.forms) if self._lies_in(form, old)})
        pairs = combinations(now.forms, 2)
        return any(self.new.overlap(a, b, named=True) and len(before(a) | before(b)) < 2 for a, b in pairs)

    def _lies_in(self, b: Form, a: Form) -> bool:
        """Whether the old form a took all that the new form b takes, of values with no fields but those that b names."""
        needs = [side.words.get("required", frozenset()) for side in (a, b)]
        return (
            a.kind == b.kind and needs[0] <= needs[1] and self._effects(a, b, asked=True) <= {*NARROWER, Effect.PASSED}
        )

    def _takes(self, a: Form, b: Form) -> bool:
        """All that a client may send by the old form."""
        return a.kind == b.kind and self._effects(a, b, asked=True) <= WIDER

    def _same_forms(self, was: Union, now: Union, asked: bool) -> bool:
        """In any order."""
        left = list(now.forms)
        for a in was.forms:
            alone = (b for b in left if (a.kind, a.declared) == (b.kind, b.declared))
            b = next((b for b in alone if self._effects(a, b, asked=asked) <= {Effect.NONE}), None)
            if b is None:
                return False
            left.remove(b)
        return not left


def _leading(to: set, parents: dict[tuple, set]) -> set:
    """These, and all that leads to them."""
    leading, waiting = set(to), list(to)
    while waiting:
        new = parents.get(waiting.pop(), set()) - leading
        leading |= new
        waiting += new
    return leading - {None}


def _one_thing(a: Form, b: Form) -> bool:
    names = [side.words.get("properties", ANY).keys() for side in (a, b)]
    return a.kind != "object" or (a.name == b.name and names[0] == names[1] != ANY.keys())


def _called(form: Form, among: list[Form]) -> str:
    return form.name or f"number {among.index(form) + 1}"


def _types(union: Union) -> str:
    if union.types == set(KINDS):
        return "any"
    whole = all(form.words.get("whole") for form in union.forms if form.kind == "number")
    return words("integer" if kind == "number" and whole else kind for kind in union.types) or "nothing"


def _type(was: Union, now: Union, text: str) -> Found:
    if any(f"type {ODD}" in form.words for form in (*was.forms, *now.forms)):
        return  # listed with what no rule knows
    lost, won = was.types - now.types, now.types - was.types
    if not lost and not won:
        return
    free = [
        any(f.kind == "string" and f.words.keys() <= {"default", "deprecated"} for f in s.forms) for s in (was, now)
    ]
    less = lost and not (text and lost <= PLAIN and free[1])  # what is written as text is one
    more = won and not (text and won <= PLAIN and free[0])
    effect = Effect.LESS if less else Effect.MORE if more else Effect.NONE
    if (less and more) or not now.types:  # who reads what is never there breaks, too
        effect = Effect.OTHER
    written = {form.kind for form in (*was.forms, *now.forms) if form.declared or not form.words}
    if not (lost | won) & written and all(any(not f.declared for f in side.forms) for side in (was, now)):
        effect = Effect.UNKNOWN  # meant by the words alone, and by the letter any other type was taken, and is
    yield Finding(f"type changed from {_types(was)} to {_types(now)}", effect)


def _hints(was: list[dict], now: list[dict], asked: bool) -> Found:
    """Discriminators. They change nothing of what fits, and who goes by a field still finds it, or it is listed as gone."""
    if alike(was, now):
        return
    hints: list[dict] = [(side[0] if len(side) == 1 else {"all": side}) if side else {} for side in (was, now)]
    names = [hint.get("propertyName") for hint in hints]
    maps = [hint.get("mapping", {}) for hint in hints]
    may, known_as = maps if asked else reversed(maps)  # what may be sent must be taken, what may come must be known
    kept = all(isinstance(mapping, dict) for mapping in maps) and all(
        alike(known_as.get(name, target), target) and (name in known_as or str(target).endswith(f"/{name}"))
        for name, target in may.items()
    )
    rest = [{name: value for name, value in hint.items() if name not in ("propertyName", "mapping")} for hint in hints]
    known = not was or not now or (kept and alike(*rest) and (alike(*names) or not asked))
    said = "the values that tell its forms apart changed"
    if not alike(*names):
        said = f"the field that tells its forms apart changed from {names[0] or 'none'} to {names[1] or 'none'}"
    yield Finding(said, Effect.NONE if known else Effect.UNKNOWN)
