"""Published advisories, a frozen list of ten, against the versions that are in use."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from pmtech.files import as_path, in_a_sentence
from pmtech.web.client.table import Rows
from pmtech.wording import counted, nearest

FROZEN = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, repr=False)
class Advisories(Rows):
    """rows: one an advisory, as `heads` has it. hit: those that concern us, and their days in public."""

    rows: Sequence[tuple[str, ...]]
    hit: dict[str, int]
    read_on: date
    heads = ("advisory", "package", "ours", "affected", "public since", "what may happen", "here")

    @property
    def affected(self) -> int:
        return len(self.hit)

    @property
    def sentence(self) -> str:
        days = "".join(f" {id}: public for {counted(n, 'day')}." for id, n in self.hit.items())
        listed = f"{len(self.rows)} advisories, as they stood on {self.read_on:%d %B %Y}"
        return f"{listed}; {self.affected or 'none'} of them {'concern' if self.affected > 1 else 'concerns'} us.{days}"


def advisories(versions: str | Path | None = None, *, planted: str | None = None) -> Advisories:
    """The ten against the versions that are installed here, or those of a constraints file.

    planted: a version to pretend, such as "h11==0.14.0". Raises ValueError with a sentence.
    """
    if not (pretended := _pins(planted)) and planted is not None:
        raise ValueError(f'planted must be such as "h11==0.14.0", got {planted!r}')
    known = [one["package"].lower() for one in FROZEN["advisory"]]
    for name in set(pretended) - set(known):
        raise ValueError(f"none of the ten advisories is about {name}: {nearest(name, known)}")
    ours = (_installed(known) if versions is None else _listed(versions)) | pretended
    rows, hit = [], {}
    for one in FROZEN["advisory"]:
        name, affected = one["package"], one["affected"]
        version = ours.get(name.lower(), "")
        concerned = bool(version) and _within(_version(version), affected)
        if concerned:
            hit[one["id"]] = (FROZEN["read_on"] - one["published"]).days
        word = "affected" if concerned else "fixed" if version else "not in use"
        rows.append((one["id"], name, version or "none", _said(affected), f"{one['published']}", one["what"], word))
    return Advisories(rows, hit, FROZEN["read_on"])


def _installed(names: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in names:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _listed(versions: str | Path) -> dict[str, str]:
    with in_a_sentence(f"{versions} can't be read"):
        return _pins(as_path(versions, "constraints.txt").read_text(encoding="utf-8"))


def _pins(text: str | None) -> dict[str, str]:
    return {name.lower(): version for name, version in re.findall(r"^([\w.-]+)==([\w.+!-]+)", str(text), re.MULTILINE)}


def _said(affected: str) -> str:
    """ ">=4.0.0,<4.2.5" in words."""
    return affected.replace(">=", "from ").replace(",<", ", before ").replace("<", "before ")


def _within(version: Version, affected: str) -> bool:
    """A version on the way to the fixed one counts as affected: nobody knows."""
    bounds = {spec.operator: Version(spec.version) for spec in SpecifierSet(affected)}
    return bounds.get(">=", version) <= version < bounds["<"]


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        raise ValueError(f"a version is numbers with dots between them, got {text!r}") from None
