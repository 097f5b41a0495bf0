"""Attacks on the course's own API, started for the purpose, in this process alone: what gets through, what stops it."""

import html
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pmtech.web.app.protections import Protections
from pmtech.web.app.server import Api
from pmtech.web.app.sign_in import PEOPLE, Accounts, plain_hash
from pmtech.web.client.table import Rows
from pmtech.web.experiments.encryption import at_rest, on_the_wire

# What a program tries first. The twelfth is Ben's; the list is invented, its kind is not.
COMMON = ("123456", "password", "qwerty", "letmein", "dragon", "welcome", "monkey", "football", "iloveyou", "admin",
          "princess", "sunshine1", "passw0rd", "starwars", "hello123")  # fmt: skip
SCRIPT = "Lunch</h1><p>Session over. Password: <input></p><script>send(document.cookie)</script>"
MARKUP = "Lunch</h1><p>Session over. Password: <input></p><img src=x onerror=send()>"  # the same without the word
NOWHERE = "default-src 'none'; style-src 'unsafe-inline'"
LETTERS = "<style>body { font: 14px sans-serif } h1 { font-size: 18px }</style>"


@contextmanager
def company(protections: Protections) -> Iterator[tuple[Api, dict]]:
    """A fresh API in this process, and the headers of Ben, who has signed in to it."""
    api = Api("in_process", sign_in=protections)
    api.start()
    try:
        yield api, {"Authorization": f"Bearer {_accounts(api).token('ben')}"}
    finally:
        api.stop()


def _accounts(api: Api) -> Accounts:
    assert api.accounts is not None, "`company` starts it with sign-in"
    return api.accounts


@dataclass(frozen=True, repr=False)
class Numbers(Rows):
    """What Ben was answered for a survey of Ana's, his own, and one that is not there.

    status, names: of the first, without the check: the status, and how many respondents he read.
    """

    rows: list[tuple]
    status: int | None
    names: int
    heads = ("GET, as Ben", "no check", "checked, says 403", "checked, says 404")


def change_the_number() -> Numbers:
    """Ben of Company B is signed in and changes the number in the address, with three ways to answer him."""
    columns, names = [], 0
    for on in (Protections(), Protections(owner_check=True, hides=False), Protections(owner_check=True)):
        with company(on) as (api, ben):
            got = [api.request("GET", f"/surveys/{number}/responses", headers=ben) for number in (1, 2, 99)]
            names = names or len(got[0].json().get("items", ()))
            columns.append([answer.status for answer in got])
    paths = ("/surveys/1/responses (Ana's)", "/surveys/2/responses (his own)", "/surveys/99/responses (nobody's)")
    rows = [(path, *map(str, said)) for path, *said in zip(paths, *columns, strict=True)]
    return Numbers(rows, columns[0][0], names)


@dataclass(frozen=True)
class Pages:
    """The same title on the page without escaping and with it, in frames that can do nothing."""

    title: str
    pages: dict[str, str]

    def __repr__(self) -> str:
        return "\n".join(f"{how}: {page}" for how, page in self.pages.items())

    def _repr_html_(self) -> str:
        frames = ""
        for how, page in self.pages.items():
            inside = html.escape(f'<meta http-equiv="Content-Security-Policy" content="{NOWHERE}">{LETTERS}{page}')
            look = "width: 100%; height: 130px; border: 1px solid #bbb; background: #fff"
            frame = f'<iframe title="{how}" sandbox="" srcdoc="{inside}" style="{look}"></iframe>'
            frames += f'<div style="flex: 1 1 300px"><b>{how}</b>{frame}</div>'
        said = f"<p>The title: <code>{html.escape(self.title)}</code></p>"
        side_by_side = f'<div style="display: flex; gap: 16px; flex-wrap: wrap">{frames}</div>'
        return f'<div class="mathjax_ignore">{said}{side_by_side}</div>'


def stored_script() -> Pages:
    """Ben gives his survey a title with a form and a script in it; the API shows it on a page in both ways."""
    pages = {}
    for how, escaping in (("put on the page as it is", False), ("escaped", True)):
        with company(Protections(escaping=escaping)) as (api, ben):
            pages[how] = _page_with(api, ben, SCRIPT)
    return Pages(SCRIPT, pages)


def _page_with(api: Api, headers: dict, title: str) -> str:
    api.request("PATCH", "/surveys/2", json={"title": title}, headers=headers)
    return api.request("GET", "/surveys/2/page", headers=headers).text


# --- the checklist: each attack says whether it got through ----------------------------------------------------------


def _status(api: Api, ben: dict, path: str, method: str = "GET") -> int | None:
    return api.request(method, path, headers=ben).status


def _take_a_role(api: Api, ben: dict) -> bool:
    api.request("PATCH", "/me", json={"role": "staff"}, headers=ben)
    return api.request("GET", "/me", headers=ben).json()["role"] == "staff"


def _look_up(api: Api, _ben: dict) -> bool:
    """Somebody has the file of accounts, and a table of hashes that was worked out long before."""
    ready = set(map(plain_hash, COMMON))
    return any((_accounts(api).person(name) or {}).get("password") in ready for name in PEOPLE)


def _listen(api: Api, _ben: dict) -> bool:
    return on_the_wire(api).ways["TLS 1.3" if _accounts(api).protections.tls else "http"].password


def _steal(api: Api, _ben: dict) -> bool:
    return at_rest(api, encrypted=_accounts(api).protections.encrypted_backups).found


def _signs_in(api: Api, name: str, password: str) -> bool:
    return api.request("POST", "/sessions", json={"name": name, "password": password}).status == 201


OTHERS = ("/surveys/1", "/surveys/1/responses", "/surveys/1/export", "/surveys?owner=ana")
# In this order, for some leave the API changed: whoever is one of the staff may do everything.
ATTACKS: dict[str, Callable[[Api, dict], bool]] = {
    "Read a survey of another company": lambda api, ben: any(_status(api, ben, path) == 200 for path in OTHERS),
    "Read everybody's payments": lambda api, ben: _status(api, ben, "/payments") == 200,
    "Look stolen password hashes up": _look_up,
    "Read names in a stolen backup": _steal,
    "Listen to a password on the way": _listen,
    "Put a form into everybody's page": lambda api, ben: any(
        "<input>" in _page_with(api, ben, t) for t in (SCRIPT, MARKUP)
    ),
    "Delete a survey of another company": lambda api, ben: _status(api, ben, "/surveys/3", "DELETE") == 204,
    "Make oneself one of the staff": _take_a_role,
    "Guess a password, from a list": lambda api, _: any(_signs_in(api, "ben", password) for password in COMMON),
}


@dataclass(frozen=True, repr=False)
class Attacked(Rows):
    """outcome: attack -> did it get through? locked_out: people who mistyped three times and were kept out."""

    outcome: dict[str, bool]
    locked_out: int
    heads = ("attack", "outcome")

    @property
    def through(self) -> list[str]:
        return [name for name, got in self.outcome.items() if got]

    @property
    def rows(self) -> list[tuple[str, str]]:
        return [(name, "gets through" if got else "stopped") for name, got in self.outcome.items()]


def attack(protections: Protections) -> Attacked:
    """Starts the API with these protections, attacks it in nine ways, one after the other, and stops it."""
    if not isinstance(protections, Protections):
        raise ValueError(f"attack needs Protections(...), got {protections!r}")
    with company(protections) as (api, ben):
        outcome = {name: works(api, ben) for name, works in ATTACKS.items()}
        tries = [_signs_in(api, "ana", password) for password in ("wrong", "Wrong", "WRONG", PEOPLE["ana"][1])]
    return Attacked(outcome, int(not tries[-1]))
