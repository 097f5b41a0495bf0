"""The few commands of version control that the lesson needs, by dulwich, which is git in Python."""

from pathlib import Path
from typing import Any, NamedTuple

from dulwich import porcelain
from dulwich.refs import Ref
from dulwich.repo import Repo

MAIN = "main"


class Commit(NamedTuple):
    """One row of a history: its short name, who made it, when (seconds since 1970, UTC), its parents, and what it says."""

    id: str
    who: str
    at_s: int
    parents: tuple[str, ...]
    says: str


class Git:
    """A new repository in `folder`."""

    def __init__(self, folder: Path):
        self.folder = folder
        with Repo.init(folder, default_branch=MAIN.encode()) as repo:
            config = repo.get_config()
            for section, name in (("commit", "gpgSign"), ("core", "autocrlf")):  # whatever the user's own settings are
                config.set(section, name, False)
            config.write_to_path()

    def commit(self, says: str, who: str, at_s: int) -> None:
        """All that is in the folder, as one commit. It ends a merge that is under way."""
        porcelain.add(self.folder, [str(path) for path in self.folder.iterdir() if path.is_file()])
        porcelain.commit(self.folder, f"{says}\n", no_verify=True, **_signed(who, at_s))

    def switch(self, name: str, *, new: bool = False) -> None:
        """Go to a branch; new: that begins here."""
        porcelain.checkout(self.folder, "HEAD" if new else name, new_branch=name if new else None)

    def merge(self, name: str, who: str, at_s: int) -> bool:
        """Bring a branch in here. False: two people changed the same line, and somebody must decide."""
        _, conflicts = porcelain.merge(self.folder, name, no_ff=True, no_commit=True)
        if not conflicts:
            with porcelain.open_repo_closing(self.folder) as repo:
                how = {**_signed(who, at_s), "merge_heads": [repo.refs[Ref(f"refs/heads/{name}".encode())]]}
                repo.get_worktree().commit(f"Merge {name}\n".encode(), **how)
        return not conflicts

    def log(self) -> list[Commit]:
        """The newest first, all branches."""
        with porcelain.open_repo_closing(self.folder) as repo:
            heads = list(repo.refs.as_dict(Ref(b"refs/heads")).values())
            commits = [entry.commit for entry in repo.get_walker(include=heads, order="date")]
        return [
            Commit(c.id.decode()[:7], c.author.decode().partition(" <")[0], int(c.author_time),
                   tuple(p.decode()[:7] for p in c.parents), c.message.decode().splitlines()[0])
            for c in commits
        ]  # fmt: skip


def _signed(who: str, at_s: int) -> dict[str, Any]:
    """Who made a commit, and when."""
    name = f"{who} <{who.lower()}@example.com>".encode()
    when = {"author_timestamp": at_s, "commit_timestamp": at_s, "author_timezone": 0, "commit_timezone": 0}
    return {"author": name, "committer": name, **when}
