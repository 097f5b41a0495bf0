"""`check("04.your_turn", system)`: marks "Your turn" and says how far off the attempt is."""

from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from runpy import run_path

from pmtech.course.exercises.marking import Marking
from pmtech.course.exercises.questions import all_questions, with_own
from pmtech.course.way.progress import progress_file
from pmtech.kinds import Known

FOLDER = Path(__file__).parent / "tasks"
_MISSING = object()


def all_tasks() -> dict:
    """Every task by id, in the order of the lessons; those of lessons of one's own are in `lesson_NN.py` beside them."""
    return with_own(tasks_in, FOLDER)


@cache
def tasks_in(folder: Path) -> dict:
    """The tasks of the files in a folder."""
    found = {}
    for path in sorted(folder.glob("lesson_[0-9][0-9].py")):
        ours = f"pmtech.course.exercises.tasks.{path.stem}"
        for task in import_module(ours).TASKS if folder == FOLDER else run_path(str(path))["TASKS"]:
            if task.id in found:
                raise ValueError(f"task id {task.id!r} is used twice")
            found[task.id] = task
    return found


def task(task_id: str):
    """A task by its id. Raises ValueError with the nearest ids when there is no such task."""
    if task_id in all_questions():
        raise ValueError(f'{task_id} is a question: ask("{task_id}") shows it and marks the answer')
    return Known("task", all_tasks())[task_id]


def check(task_id: str, attempt=_MISSING) -> Marking:
    """Marks an attempt at a task: `check("04.your_turn", system)`.

    Returns a `Marking`, which shows itself: `.passed`, and `.gaps`, a sentence for everything that is still off.
    Raises ValueError with the nearest ids when there is no such task.
    """
    asked = task(task_id)
    if attempt is _MISSING:
        raise ValueError(f'check("{task_id}", ...) needs your attempt as its second argument')
    progress = progress_file()
    earlier = progress.records("task", task_id)
    marking = asked.mark(attempt, tries=len(earlier) + 1)
    # A run of all cells meets the task as it came: that is no attempt of the learner's.
    if marking.counts and not asked.untouched(attempt):
        figures = [measured for _, _, measured, _ in marking.figures]
        # Running the same cell again is no new attempt.
        if not earlier or (earlier[-1]["passed"], earlier[-1].get("figures")) != (marking.passed, figures):
            progress.add("task", task_id, passed=marking.passed, figures=figures)
    return replace(marking, notice=progress.notice)
