"""Lesson 02: the table of verbs, compared with RFC 9110 (PATCH: RFC 5789)."""

from dataclasses import dataclass

from pmtech.course.exercises.marking import PRECISE_FROM, Marking
from pmtech.wording import counted

# https://www.rfc-editor.org/rfc/rfc9110#section-9.2. It allows caching of an answer to POST, and RFC 5789 of one to PATCH, if
# the answer says so; hardly any cache does it, so these boxes count neither way.
STANDARD = {
    "GET": {"safe", "idempotent", "cacheable"},
    "HEAD": {"safe", "idempotent", "cacheable"},
    "POST": set(),
    "PUT": {"idempotent"},
    "PATCH": set(),
    "DELETE": {"idempotent"},
}
UNCOUNTED = {("POST", "cacheable"), ("PATCH", "cacheable")}
ADVICE = {
    "safe": "Send {verb} once and look at the rows: does any of them change?",
    "idempotent": "Send {verb} twice and look at the rows: does the second one change anything more?",
    "cacheable": "Look in the answer to {verb} for the header cache-control: it says for how long the answer may be kept.",
}
TWICE = {
    "PATCH": "Setting a field twice changes nothing more; now send the PATCH that adds a question, twice.",
    "DELETE": "The second answer to DELETE is 404, but it is the rows that count, not the answers.",
}


@dataclass(frozen=True, kw_only=True)
class VerbTask:
    """The attempt is a `VerbTable`, or its answers: verb -> the properties ticked."""

    id: str
    title: str

    def untouched(self, attempt) -> bool:
        """Is nothing ticked?"""
        return not any(getattr(attempt, "answers", attempt).values())

    def mark(self, attempt, tries: int = 1) -> Marking:
        """Counts the boxes that agree with the standard, and says of the others where to look again."""
        answers = getattr(attempt, "answers", attempt)
        if not isinstance(answers, dict) or not set(answers) <= set(STANDARD):
            raise ValueError(f'check("{self.id}", table) needs the table you filled in, got {attempt!r}')
        gaps, figures = [], []
        for name, advice in ADVICE.items():
            marked = [verb for verb in STANDARD if (verb, name) not in UNCOUNTED]
            wrong = [verb for verb in marked if (name in answers.get(verb, ())) != (name in STANDARD[verb])]
            if wrong:
                # One verb at a time, and none before the third try: to name it is half of the solution.
                precise = tries >= PRECISE_FROM
                hint = advice.format(verb=wrong[0] if precise else "each method")
                hint = TWICE.get(wrong[0], hint) if precise and name == "idempotent" else hint
                gaps.append(f"{name}: {counted(len(wrong), 'box is', 'boxes are')} off. {hint}")
            right = f"{len(marked) - len(wrong)} of {len(marked)}"
            what = f"{name} (POST and PATCH count neither way)" if len(marked) < len(STANDARD) else name
            figures.append((what, f"{len(marked)} of {len(marked)}", right, f"{len(wrong)} off" if wrong else "met"))
        return Marking(title=self.title, passed=not gaps, gaps=gaps, figures=figures)


TASKS = (VerbTask(id="02.your_turn", title="The properties of six verbs, as the HTTP standard has them"),)
