"""`progress()`: the map of the course, with what is done; `progress("04")`: the end of a lesson."""

import html
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pmtech.course.exercises.check import all_tasks
from pmtech.course.exercises.meeting import all_agendas
from pmtech.course.exercises.questions import all_questions
from pmtech.course.exercises.sort import all_sortings
from pmtech.course.page import page
from pmtech.course.way.editions import editions, shipped
from pmtech.course.way.progress import progress_file
from pmtech.kinds import Known
from pmtech.wording import listed


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One lesson of the map and how far the learner has come in it.

    questions, answered, right_at_first: numbers of questions. tasks, tried, passed: numbers of "Your turn" tasks.
    meetings, held: numbers of meetings, and of those in which something was decided.
    earlier: files of earlier editions, which lie beside `file`, the newest. counted: the ids of those questions.
    """

    number: str
    file: str
    title: str
    minutes: int
    questions: int
    answered: int
    right_at_first: int
    tasks: int
    tried: int
    passed: int
    meetings: int = 0
    held: int = 0
    earlier: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()

    @property
    def done(self) -> str:
        """How far it is, in words."""
        if (self.answered, self.passed, self.held) == (self.questions, self.tasks, self.meetings):
            return "done"
        return "begun" if self.answered or self.tried or self.held else "not begun"

    @property
    def detail(self) -> str:
        """What is done, in numbers."""
        words = [f"{self.answered} of {self.questions} questions answered"] if self.questions else []
        if self.answered:
            words.append(f"{self.right_at_first} right at the first try")
        if self.meetings:
            words.append(f"{self.held} of {self.meetings} meetings held")
        if self.tasks:
            words.append(f"“Your turn” {'passed' if self.passed == self.tasks else 'tried' if self.tried else 'open'}")
        return ", ".join(words)


@dataclass(frozen=True)
class CourseMap:
    """The lessons that are there, in order. Shows itself; each title opens its notebook."""

    lessons: tuple[Lesson, ...]
    notice: str = ""

    def __repr__(self) -> str:
        lines = []
        for x in self.lessons:
            lines.append(f"{x.number}  {x.title} ({x.minutes} minutes): {x.done}; {x.detail}")
            lines += [f"    new edition in {x.file}; the earlier one in {', '.join(x.earlier)}"] if x.earlier else []
        return "\n".join([*lines, *filter(None, [self.notice])])

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td>{x.number}</td><th scope="row">{_link(x.file, x.title)}{_earlier(x)}</th>'
            f'<td class="pmtech-number">{x.minutes} min</td><td class="pmtech-word{" pmtech-met" if x.done == "done" else ""}">{x.done}</td>'
            f'<td class="pmtech-quiet">{", ".join(f"<span>{html.escape(part)}</span>" for part in x.detail.split(", "))}</td></tr>'
            for x in self.lessons
        )
        done = sum(x.done == "done" for x in self.lessons)
        return page(
            f'<p class="pmtech-title">Your course: {done} of {len(self.lessons)} lessons done</p>'
            f'<table class="pmtech-table pmtech-map" aria-label="Map of the course"><tbody>{rows}</tbody></table>'
            f'<p class="pmtech-notice">{html.escape(self.notice)}</p>'
        )


def _link(file: str, text: str) -> str:
    return f'<a href="{html.escape(quote(file))}">{html.escape(text)}</a>'


def _earlier(lesson: Lesson) -> str:
    links = [_link(file, file) for file in lesson.earlier]
    return f'<br><span class="pmtech-quiet">new edition; the earlier one: {", ".join(links)}</span>' if links else ""


@dataclass(frozen=True)
class LessonEnd:
    """The end of a lesson: how it went, and the way to the next one. Shows itself."""

    lesson: Lesson
    said: tuple[str, ...]
    next: Lesson | None
    notice: str = ""

    def __repr__(self) -> str:
        further = f"Next: {self.next.number} {self.next.title}" if self.next else "This was the last lesson."
        return "\n".join([f"Lesson {self.lesson.number}: {self.lesson.detail}.", *self.said, further])

    def _repr_html_(self) -> str:
        link = "This was the last lesson."
        if self.next:
            words = f"Lesson {self.next.number}: {self.next.title}"
            link = f'<a class="pmtech-next" href="{html.escape(self.next.file)}">{html.escape(words)}</a>'
        return page(
            f'<p class="pmtech-kind">The end of lesson {self.lesson.number}</p>'
            f'<p class="pmtech-title">{html.escape(self.lesson.title)}</p>'
            f"{''.join(f'<p>{html.escape(one)}</p>' for one in (f'{self.lesson.detail}.', *self.said))}"
            f'{link}<p class="pmtech-notice">{html.escape(self.notice)}</p>',
            "pmtech-end",
        )


def _end(number: str, record) -> LessonEnd:
    lessons = _lessons(record)
    at = Known("lesson", ((lesson.number, place) for place, lesson in enumerate(lessons)))[number]
    asked = [q for q in lessons[at].counted if getattr(all_questions().get(q), "kind", "") == "predict"]
    fates = [_fate(record.records("answer", id)) for id in asked]
    counted = (f"{fates.count(fate)} {fate}" for fate in dict.fromkeys(fates))
    words = (f"Your predictions: {listed(counted)}.",) if asked else ()
    return LessonEnd(lessons[at], words, lessons[at + 1] if at + 1 < len(lessons) else None, record.notice)


def _fate(answers: list[dict]) -> str:
    if not answers:
        return "not made"
    if answers[0].get("late"):
        return "answered after the run"
    return "held" if answers[0]["right"] else "turned out otherwise"


def lesson_folders() -> Iterable[Path]:
    """Where notebooks may lie: beside the one that asks, and where the package has its own."""
    return Path.cwd(), shipped()


def progress(lesson: str | None = None) -> CourseMap | LessonEnd:
    """The map of the course: the lessons there are, what is done in each, and a link to open it.

    With the number of a lesson, "04", its end: how it went, and the way to the next one.
    """
    record = progress_file()
    return CourseMap(tuple(_lessons(record)), record.notice) if lesson is None else _end(lesson, record)


def _lessons(record) -> list[Lesson]:
    lessons = []
    # Whoever answered a prediction after its run has answered, and foreseen nothing.
    first = {a["id"]: a["right"] and not a.get("late") for a in reversed(record.records("answer"))}
    attempts = record.records("task")
    tried, passed = {a["id"] for a in attempts}, {a["id"] for a in attempts if a["passed"]}
    held = {a["id"] for a in record.records("meeting") if a.get("lost") is not None}
    for entry in _entries():
        there = next(filter(None, (editions(folder, entry["file"]) for folder in lesson_folders())), None)
        if there is None:
            continue
        *earlier, newest = [path.name for path in there]
        number = newest[:2]
        # What "Going further" asks is for another day: it counts when it is answered.
        later = there[-1].read_text(encoding="utf-8", errors="replace").partition("## Going further")[2]
        asked = (q for q in (*all_questions(), *all_sortings()) if q.startswith(f"{number}."))
        questions = tuple(q for q in asked if q in first or q not in later)
        meetings = [one for one in all_agendas() if one.startswith(f"{number}.")]
        tasks = [t for t in all_tasks() if t.startswith(f"{number}.")]
        lessons.append(
            Lesson(
                number=number,
                **entry | {"file": newest, "earlier": tuple(earlier)},
                questions=len(questions),
                answered=sum(q in first for q in questions),
                right_at_first=sum(first.get(q, False) for q in questions),
                tasks=len(tasks),
                tried=len(tried.intersection(tasks)),
                passed=len(passed.intersection(tasks)),
                meetings=len(meetings),
                held=len(held.intersection(meetings)),
                counted=questions,
            )
        )
    return lessons


def _entries() -> Iterator[dict]:
    """The lessons of the course, in order, then those of one's own: they lie beside the notebook, with their questions. A
    lesson's card says what it is called and how long it takes."""
    ours = (path for path in sorted(shipped().glob("[0-9][0-9]_*.ipynb")) if "-" not in path.stem)  # no copy of one
    own = (path.with_suffix(".ipynb") for path in sorted(Path.cwd().glob("[0-9][0-9]_*.toml")))
    for name, path in {path.name: path for path in (*ours, *own)}.items():
        with suppress(OSError, ValueError, KeyError, IndexError, TypeError):
            card = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
            minutes = re.search(r"(\d+) minutes", card)
            title = card.partition("\n")[0].removeprefix("# ")
            yield {"file": name, "title": title, "minutes": int(minutes[1]) if minutes else 45}
