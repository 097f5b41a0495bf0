"""`pmtech lint lesson.ipynb`: is a notebook a lesson? Its form, its questions, its numbers, and that it runs.

Each rule is a generator of (number of the cell from 1, or 0 for the lesson as a whole, sentence). A page whose name begins with
"00_" is a start page: it keeps to the rules of every notebook, and not to those of a lesson.
"""

from pathlib import Path

from pmtech.course.lint import every, lesson
from pmtech.course.lint.asked import has_its_questions
from pmtech.course.lint.asked import what_a_question_lacks as what_a_question_lacks
from pmtech.course.lint.execution import MARKED as MARKED
from pmtech.course.lint.execution import run as run
from pmtech.course.lint.execution import untrue as untrue
from pmtech.course.lint.notebook import Notebook as Notebook
from pmtech.course.lint.notebook import read as read

EVERY = (*every.RULES, has_its_questions)


def lint(path: Path) -> list[str]:
    """What keeps a notebook from being a lesson, in the order of its cells. Raises OSError; ValueError where it is none."""
    notebook = read(path)
    rules = EVERY if path.name.startswith("00_") else EVERY + lesson.RULES
    found = sorted({one for rule in rules for one in rule(notebook)})
    return [f"Cell {number}: {said}" if number else said[0].upper() + said[1:] for number, said in found]
