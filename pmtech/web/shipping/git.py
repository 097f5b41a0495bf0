"""The few commands of version control that the lesson needs: by git where it is, else by dulwich, which is git in Python."""

import os
import subprocess
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

MAIN = "main"
MISSING = "this needs git, or the optional extra git: pip install 'pmtech[git]'"


class Commit(NamedTuple):
    """One row of a history: its short name, who made it, when (seconds since 1970, UTC), its parents, and what it says."""

    id: str
    who: str
    at_s: int
    parents: tuple[str, ...]
    says: str


class Git:
    """A repository in `folder`, by the program git. The user's own settings and hooks are left out of it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._run("init", "-q")
        self._run("symbolic-ref", "HEAD", f"refs/heads/{MAIN}")

    @staticmethod
    def is_there() -> bool:
        """A Mac without its developer tools has a program of that name, which only says that git is not there."""
        try:
            return subprocess.run(["git", "--version"], check=False, capture_output=True).returncode == 0
        except OSError:
            return False

    def commit(self, says: str, who: str, at_s: int) -> None:
        """All that is in the folder, as one commit. It ends a merge that is under way."""
        self._run("add", "--all")
        self._run("commit", "-q", "--allow-empty", "-m", says, who=who, at_s=at_s)

    def switch(self, name: str, *, new: bool = False) -> None:
        """Go to a branch; new: that begins here."""
        self._run("checkout", "-q", *["-b"] * new, name)

    def merge(self, name: str, who: str, at_s: int) -> bool:
        """Bring a branch in here. False: two people changed the same line, and somebody must decide."""
        clean = self._run("merge", "-q", "--no-ff", "--no-commit", name, check=False).returncode == 0
        if clean:
            self.commit(f"Merge {name}", who, at_s)
        return clean

    def log(self) -> list[Commit]:
        """The newest first, all branches."""
        form = "--format=%h%x09%an%x09%at%x09%p%x09%s"
        lines = self._run("log", "--all", "--date-order", "--abbrev=7", form).stdout.splitlines()
        rows = (line.split("\t") for line in lines)
        return [Commit(id, who, int(at_s), tuple(parents.split()), says) for id, who, at_s, parents, says in rows]

    def _run(self, *command: str, who: str = "pmtech", at_s: int = 0, check: bool = True):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        own = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
        for role in ("AUTHOR", "COMMITTER"):
            told = {"NAME": who, "EMAIL": f"{who.lower()}@example.com", "DATE": f"@{at_s} +0000"}
            own |= {f"GIT_{role}_{what}": value for what, value in told.items()}
        line, env = ["git", *command], clean | own
        return subprocess.run(line, check=check, cwd=self.folder, env=env, capture_output=True, encoding="utf-8")


class Dulwich:
    """The same by dulwich."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._do.init(folder)
        with self._do.open_repo_closing(folder) as repo:
            repo.refs.set_symbolic_ref(b"HEAD", b"refs/heads/main")

    @staticmethod
    def is_there() -> bool:
        return all(map(find_spec, ("dulwich", "merge3")))  # the second merges lines

    @cached_property
    def _do(self):
        from dulwich import porcelain

        return porcelain

    def commit(self, says: str, who: str, at_s: int) -> None:
        self._do.add(self.folder, [str(path) for path in self.folder.iterdir() if path.is_file()])
        self._do.commit(self.folder, f"{says}\n", **self._by(who), **_when(at_s))

    def switch(self, name: str, *, new: bool = False) -> None:
        self._do.checkout(self.folder, "HEAD" if new else name, new_branch=name if new else None)

    def merge(self, name: str, who: str, at_s: int) -> bool:
        _, conflicts = self._do.merge(self.folder, name, no_ff=True, no_commit=True)
        if not conflicts:
            with self._do.open_repo_closing(self.folder) as repo:
                other = repo.refs[f"refs/heads/{name}".encode()]
                how = {**self._by(who), **_when(at_s), "merge_heads": [other]}
                repo.get_worktree().commit(f"Merge {name}\n".encode(), **how)
        return not conflicts

    def log(self) -> list[Commit]:
        with self._do.open_repo_closing(self.folder) as repo:
            heads = list(repo.refs.as_dict(b"refs/heads").values())
            commits = [entry.commit for entry in repo.get_walker(include=heads, order="date")]
        return [
            Commit(c.id.decode()[:7], c.author.decode().partition(" <")[0], int(c.author_time),
                   tuple(p.decode()[:7] for p in c.parents), c.message.decode().splitlines()[0])
            for c in commits
        ]  # fmt: skip

    def _by(self, who: str) -> dict[str, bytes]:
        name = f"{who} <{who.lower()}@example.com>".encode()
        return {"author": name, "committer": name}


def _when(at_s: int) -> dict[str, float]:
    return {"author_timestamp": at_s, "commit_timestamp": at_s, "author_timezone": 0, "commit_timezone": 0}


def version_control(folder: Path) -> Git | Dulwich:
    """A new repository. Raises ValueError with a sentence where there is neither git nor dulwich."""
    for kind in (Git, Dulwich):
        if kind.is_there():
            return kind(folder)
    raise ValueError(MISSING)
