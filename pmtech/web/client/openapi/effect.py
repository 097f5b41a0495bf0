"""What a difference does: whether less or more is taken than before, and so whom it breaks."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

MOST = 8  # values that are listed


class Effect(Enum):
    """Of the new schema, beside the old one."""

    LESS = "takes less than before"
    MORE = "takes more than before"
    OTHER = "takes something else"
    NONE = "takes the same"
    PASSED = "takes more, and passes over what it used to read"
    PERHAPS_LESS = "takes less by the letter, which authors seldom mean"
    PERHAPS_MORE = "takes more by the letter"
    UNKNOWN = "differs, not judged"

    @property
    def turned(self) -> "Effect":
        """Under a `not`."""
        pairs = ((Effect.LESS, Effect.MORE), (Effect.PERHAPS_LESS, Effect.PERHAPS_MORE), (Effect.LESS, Effect.PASSED))
        return next((b if self is a else a for a, b in pairs if self in (a, b)), self)

    def breaks(self, *, asked: bool) -> bool | None:
        """Whether today's clients can fail: when less is taken of what they are `asked` for, or when they may be answered
        more than they know. None when it is not judged."""
        if self in (Effect.UNKNOWN, Effect.PASSED, Effect.PERHAPS_LESS if asked else Effect.PERHAPS_MORE):
            return None
        return self is Effect.OTHER or self is (Effect.LESS if asked else Effect.MORE)


@dataclass(frozen=True)
class Finding:
    """One difference, at its place within a schema."""

    what: str
    effect: Effect
    place: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Pair:
    """Two schemas within two others, to be compared in turn: `turned` under a `not`; `always` is what their differences
    do, whatever they are, where that is known from where they stand."""

    old: Any
    new: Any
    place: tuple[str, ...] = ()
    turned: bool = False
    always: Effect | None = None
    text: str = ""


Found = Iterator[Finding | Pair]


def words(values: Iterable[Any]) -> str:
    """ "a or b"; of many values the first."""
    texts = sorted({v if isinstance(v, str) else json.dumps(v, default=str, ensure_ascii=False) for v in values})
    more = [f"{len(texts) - MOST} more"] if len(texts) > MOST + 1 else []
    return " or ".join([*(texts[:MOST] if more else texts), *more])
