"""Errors as sentences: a learner's slip shows one line, not the way there. `%tb` still shows the whole traceback."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import FrozenInstanceError
from difflib import get_close_matches
from inspect import signature
from linecache import getline
from pathlib import Path
from traceback import walk_tb

from IPython.core.getipython import get_ipython

from pmtech import components
from pmtech.wording import article

PARTS = {"System", *components.__all__}
PACKAGE = Path(__file__).parents[1]
CALL = re.compile(
    r"(?:\w+\.)?(\w+)\(\) (?:missing .*?: (.*)|got an unexpected keyword argument '(\w+)'|takes .* positional argument|got multiple values)"
)
OTHER_SIGN = re.compile(r"(?:'[<>]' not supported|unsupported operand type).*?'(\w+)' and '(\w+)'")
NOT_THERE = re.compile(r"cannot import name '(\w+)' from 'pmtech'")
SYNTAX = {
    "incomplete input": "a bracket or a quote is not closed",
    "invalid syntax. Perhaps you forgot a comma?": "perhaps a comma is missing",
    "positional argument follows keyword argument": "a name and = are missing, or a comma is too many: 1000, not 1,000",
    "cannot assign to": (colon := "in braces a colon stands before a value, elsewhere = after a name"),
    "':' expected after dictionary key": colon,
    "unterminated string literal": "a quote is not closed",
    "invalid decimal literal": "a number holds a letter, or words lack their quotes",
}
LONG = re.compile(r"got (\w+)\(.{90}.*", re.DOTALL)  # what was given, so long that nobody reads it
ONE_EQUALS = "a value is given with one =; two, ==, ask whether it is the same"
UNDO = "Undo with Ctrl + Z, or compare it with the cells above."
RUN_ABOVE = "choose Run > Run All Above Selected Cell"


def sentence(error: BaseException, traceback) -> str | None:
    """What to tell the learner, or None: then it is no slip, and the traceback is worth seeing."""
    if isinstance(error, SyntaxError):
        why = next((ours for theirs, ours in SYNTAX.items() if error.msg.startswith(theirs)), error.msg)
        if "==" in (error.text or "") and error.msg.startswith("positional argument follows"):
            why = ONE_EQUALS
        return f"Line {error.lineno} is not complete or not in order ({why}). {UNDO}"
    if isinstance(error, KeyboardInterrupt):
        return "Stopped. Run the cell again to begin anew."
    if isinstance(error, FrozenInstanceError):
        return "A part stays as it was made: change the number in the cell that makes it, and run that cell and those below it."
    if isinstance(error, NameError) and error.name and _ends_in_cell(traceback):
        frame, line = _end(traceback)
        if re.search(rf"\b{error.name}\s*==", getline(frame.f_code.co_filename, line)):
            return f'"{error.name}" is not known here: {ONE_EQUALS}. {UNDO}'
        if error.name in sys.modules["pmtech"].__all__:
            return f'"{error.name}" is not here yet: the first cell of this page has not run. To run it, {RUN_ABOVE}.'
        near = _nearest(error.name, {*sys.modules["pmtech"].__all__, *frame.f_globals})
        if near and not _is_named_after(error.name, near):
            return f'"{error.name}" is not known here: did you mean {near}? If not, an earlier cell has not run yet ({RUN_ABOVE}).'
        or_else = f": did you mean {near}?" if near else "."
        return f'"{error.name}" is not known here. Either an earlier cell has not run yet ({RUN_ABOVE}), or it is misspelt{or_else}'
    if isinstance(error, ImportError) and (wanted := NOT_THERE.match(str(error))):
        return _has_no("pmtech", wanted[1], sys.modules["pmtech"].__all__)
    if isinstance(error, AttributeError) and error.name and _ends_in_cell(traceback) and _is_ours(type(error.obj)):
        return _has_no(type(error.obj).__name__, error.name, dir(error.obj))
    # Refused by the course itself: its own code raised it, in a sentence that is meant to be read.
    ours = PACKAGE in Path(_end(traceback)[0].f_code.co_filename).parents
    call = CALL.match(str(error).replace(".__init__()", "()"))  # a class is called by its own name
    if isinstance(error, TypeError) and call and (ours or _ends_in_cell(traceback)):
        function, missing, unknown = call.groups()
        if missing:
            return f"{function} needs {missing} in its brackets.".replace("'", '"')
        if not unknown:
            return (
                f"{function} has a value too many in its brackets, or one without its name: say which it is, as in "
                "Server(workers=4)."
            )
        called = getattr(sys.modules["pmtech"], function, None)
        return _has_no(function, unknown, signature(called).parameters if callable(called) else ())
    if isinstance(error, TypeError) and (sides := OTHER_SIGN.match(str(error))) and PARTS.intersection(sides.groups()):
        return f"Parts are joined by two signs, >>, and by no other. {UNDO}"
    if isinstance(error, ValueError | TypeError) and ours:
        said = re.sub(r"\d{40,}", "a huge number", str(error))
        said = LONG.sub(lambda got: f"got {article(got[1])}", said)
        return said if said.endswith((".", "?")) else f"{said}."
    if isinstance(error, OverflowError | MemoryError) and (line := _line_in_cell(traceback)):
        return f"Line {line} went wrong: a number is too large to work with. {UNDO}"
    # Not the course's own: a fault of ours is worth its traceback, anything else began in the learner's line.
    line = None if ours else _line_in_cell(traceback)
    return None if line is None else f"Line {line} went wrong: {_in_words(error)}. {UNDO}"


def why(error: Exception) -> str:
    """For a panel, which lives on whatever its system does: the course's own sentences as they are."""
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def _end(traceback) -> tuple:
    """The frame that raised it, and the line."""
    return [*walk_tb(traceback)][-1]


def _is_cell(frame) -> bool:
    """IPython and ipykernel name the files that cells are compiled as."""
    file = frame.f_code.co_filename
    return file.startswith("<ipython-input") or "ipykernel_" in file


def _ends_in_cell(traceback) -> bool:
    return _is_cell(_end(traceback)[0])


def _line_in_cell(traceback) -> int | None:
    """The line of the cell from which the error came; None when no cell is on its way."""
    lines = [line for frame, line in walk_tb(traceback) if _is_cell(frame)]
    return lines[-1] if lines else None


def _in_words(error: BaseException) -> str:
    """What Python says, in one line; with the kind of the error where that is a word alone."""
    said = " ".join(str(error).split()).rstrip(".")
    return said if " " in said else f"{type(error).__name__} {said}".strip()


def _is_ours(thing: object) -> bool:
    return str(getattr(thing, "__module__", "")).startswith("pmtech.")


def _has_no(owner: str, name: str, known: Iterable[str]) -> str:
    near = _nearest(name, known)
    return f'{owner} has no "{name}"' + (f": did you mean {near}?" if near else f". {UNDO}")


def _is_named_after(name: str, kind: str) -> bool:
    """A lesson calls its parts after what they are: `server`, `cached`. Where there is none, its cell has not run."""
    return name[0].islower() and kind[0].isupper() and kind.lower() in name.replace("_", "").lower()


def _nearest(name: str, known: Iterable[str]) -> str | None:
    """The name that was meant: hardly anybody mistypes the first letter, though perhaps its size."""
    likely = [one for one in known if one[:1].lower() == name[:1].lower() != "_"]
    likely = {one.lower(): one for one in sorted(likely, key=lambda one: (one[0] == name[0], one))}
    near = get_close_matches(name.lower(), likely, 1, 0.7)
    return likely[near[0]] if near else None


def install() -> None:
    """From now on a slip in a cell shows its sentence. It stays an error: a run of all cells stops there."""
    shell = get_ipython()
    assert shell is not None, "there are cells only where there is a shell"
    whole, syntax = shell.showtraceback, shell.showsyntaxerror

    def is_over() -> bool:
        """Then somebody asks for the whole of it, with %tb."""
        return sys.exc_info()[0] is None

    def show(exc_tuple=None, *args, **kwargs):
        kind, error, traceback = shell._get_exc_info(exc_tuple)
        again = exc_tuple is None and is_over()
        said = None if again or traceback is None else _said(error, traceback)
        if said is None:
            return whole(exc_tuple, *args, **kwargs)
        shell._showtraceback(kind, error, [said])
        return None

    def show_syntax(*args, **kwargs):
        _, error, traceback = shell._get_exc_info(None)
        if isinstance(error, SyntaxError) and error.lineno and not is_over():
            # Not its own kind, which Python 3.13 calls _IncompleteInputError.
            shell._showtraceback(SyntaxError, error, [sentence(error, traceback)])
        else:
            syntax(*args, **kwargs)

    shell.showtraceback, shell.showsyntaxerror = show, show_syntax  # type: ignore[method-assign]  # its only door


def _said(error, traceback) -> str | None:
    """The sentence; none where an error is of a kind that cannot even be looked at."""
    try:
        return sentence(error, traceback)
    except Exception:  # noqa: BLE001  then its traceback says more
        return None
