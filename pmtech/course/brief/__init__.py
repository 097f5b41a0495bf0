"""`brief(result)`: one page to take to work, with the figures of the learner's own run."""

from collections.abc import Mapping
from pathlib import Path

from pmtech.course.brief.run import MOST_REQUESTS as MOST_REQUESTS
from pmtech.course.brief.run import of_run
from pmtech.course.brief.run import ten_times as ten_times
from pmtech.course.brief.sheet import Brief, written
from pmtech.course.exercises.check import task
from pmtech.diagram import diagram
from pmtech.runs.result import Result


def brief(
    result: Result | Mapping[str, str | list[str]],
    *,
    title: str | None = None,
    promise: str | None = None,
    folder: str | Path = ".",
) -> Brief:
    """Write a page for stakeholders into `folder` (beside the notebook): one file, that opens and prints anywhere.

    From a `Result`: target, decision, recommendation and owner, the answer as far as the run has it, what happens at this
    load and at ten times (simulated now: every client sends, or every crowd of users is, ten times as much), the
    trade-off, questions for engineering, the assumptions. promise: the task whose targets the design was tested against,
    such as "01.your_turn"; how it did stands in the page.
    Where there was no run, it takes the points: `brief({"What was asked": "...", "To settle": ["...", "..."]})`.
    A file that is there is never written over: another brief gets a number. The same brief again is left as it stands.
    Raises ValueError with a sentence.
    """
    if title is not None and not (isinstance(title, str) and title.strip()):
        raise ValueError(f"title must be a few words, got {title!r}")
    if isinstance(result, Result):
        marked = task(promise).mark(result.system) if promise else None
        tested = marked if marked and marked.counts else None  # of another system there is nothing to say
        title, drawn = title or "Can it carry ten times the load?", diagram(result.at_end)
        content = of_run(result, tested)
    elif isinstance(result, Mapping) and result and all(map(_is_text, result.values())):
        title, drawn = title or "What we learned", ""
        content = {str(head): [said if isinstance(said, str) else list(said)] for head, said in result.items()}
    else:
        raise ValueError(f'brief needs a Result, or points such as {{"What was asked": "..."}}, got {result!r}')
    return written(title, content, folder, drawn)


def _is_text(said) -> bool:
    return isinstance(said, str) or (isinstance(said, list | tuple) and all(isinstance(line, str) for line in said))
