"""`requirements(...)`: one page with every number that was asked for, where it comes from, and who decides."""

from pathlib import Path

from pmtech.course.brief.sheet import Brief, written
from pmtech.kinds import Known
from pmtech.wording import listed

WHO = {
    "load": "product",
    "growth": "product, with sales",
    "latency": "product, with engineering",
    "availability": "product, with sales and engineering",
    "retention": "legal, with product",
    "price": "whoever has the budget",
}
OPEN = "not known yet"


def requirements(*known, title: str = "What the launch needs", folder: str | Path = ".", **words: str) -> Brief:
    """Write a sheet of requirements, as Markdown and HTML: what, how much, where the number comes from, who decides.

    known: what has numbers of its own: `demand(...)`, `promise(...)`, `load_test(...)`, `plan(...)`. words: what has none,
    as "how much: where it comes from", such as retention="13 months: contract with Company A". What nobody has given
    stands on the sheet as open. A file that is there is never written over. Raises ValueError with a sentence.
    """
    rows: dict[str, list[tuple[str, str]]] = Known("requirement", ((what, []) for what in WHO))
    for one in known:
        found = getattr(one, "requirements", None)
        if not isinstance(found, dict):
            raise ValueError(f"requirements takes demand(...), promise(...), load_test(...) and plan(...), got {one!r}")
        for what, row in found.items():
            rows[what].append(row)
    for what, said in words.items():
        if not isinstance(said, str) or not said.strip():
            raise ValueError(f'{what} must be words, such as "13 months: contract with Company A", got {said!r}')
        much, _, source = map(str.strip, said.partition(":"))
        rows[what].append((much, source or "said by us; not looked up"))
    missing = [what for what, given in rows.items() if not given]
    table = [(what, *row, WHO[what]) for what, given in rows.items() for row in given or [(OPEN, "ask")]]
    heads = ("what", "how much", "where the number comes from", "who decides")
    content: dict[str, list] = {
        "The numbers": [(heads, *table)],
        "Before anybody signs": [
            [
                "Of what? Users, visits, requests and participants are different numbers; so are a day's average and its peak.",
                "Is it measured, worked out, promised or guessed? A guess is a range.",
                *([f"Still open: {listed(missing)}."] if missing else []),
            ]
        ],
    }
    return written(title, content, folder)
