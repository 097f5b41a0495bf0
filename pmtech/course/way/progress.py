"""The learner's progress file: what was answered, which tasks were tried.

One JSON file in the user's data folder (`PMTECH_HOME` names another), one self-contained record a line::

    {"version": 1, "records": [
    {"kind": "answer", "id": "04.predict", "option": "A waits too", "right": true, "at": "2026-03-01T09:30:00+00:00"},
    {"kind": "task", "id": "04.your_turn", "passed": false, "figures": ["..."], "at": "2026-03-01T09:41:00+00:00"}
    ]}

Records are only ever added. A writer takes the lock, reads the file again, adds its own records and puts the new file
in place of the old one in a single step, so a crash loses at most the answer in flight and two notebooks lose nothing
of each other's. The lock belongs to the operating system, which frees it when its holder dies: there is no stale lock
to guess about. Only where storage knows no locks, as some shared folders, a file that one alone can make stands for it.
Because every record stands by itself on a line, whole records can be read out of a damaged file.
"""

import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import platformdirs

from pmtech import files

# POSIX has the one, Windows the other, a browser kernel neither.
fcntl: Any
msvcrt: Any
fcntl, msvcrt = (import_module(name) if find_spec(name) else None for name in ("fcntl", "msvcrt"))

VERSION = 1
LOCK_PATIENCE_S = 10.0

# A record, with one more level of brackets in it at most. A piece that is none ends soon, so that a damaged file is gone
# through in a time that grows with it and not with its square.
_STRING = r'"(?:[^"\\\n]|\\.)*+"'
_RECORD = re.compile(rf'\{{(?:[^{{}}"\\]|{_STRING}|\{{(?:[^{{}}"\\]|{_STRING})*+\}})*+\}}')


hearers: list[Callable[[dict[str, Any]], None]] = []  # are told of every record that is added


def tell(record: dict[str, Any]) -> None:
    """Tell all who listen, and keep nothing."""
    for hear in list(hearers):
        hear(record)


def home() -> Path:
    """The folder that holds the progress file: `PMTECH_HOME`, or the user's data folder. OSError where none is known."""
    try:
        folder = os.environ.get("PMTECH_HOME") or platformdirs.user_data_dir("pmtech", appauthor=False)
        return Path(folder).expanduser()
    except RuntimeError:
        raise OSError("no home folder is known here; PMTECH_HOME can name a folder") from None


class Progress:
    """The records in one folder. Never raises for a bad disk: the course goes on, and `notice` says what happened.

    folder: None where none is known.
    """

    def __init__(self, folder: Path | str | None):
        self._folder = folder
        self._unsaved: list[dict] = []
        self._repaired = ""
        self._trouble = ""
        self._newer = False
        self._mutex = threading.RLock()

    @property
    def path(self) -> Path:
        """The file. Raises OSError where no folder is known."""
        return Path(home() if self._folder is None else self._folder) / "progress.json"

    @property
    def notice(self) -> str:
        """One sentence for the learner when something is amiss with the file, else nothing."""
        return self._trouble or self._repaired

    def records(self, kind: str, id: str | None = None) -> list[dict]:
        """Records of a kind, oldest first, those that could not be saved included."""
        with self._mutex:
            try:
                kept = self._load()
            except OSError as error:
                kept = []
                self._cannot_save(error)
            return [r for r in kept + self._unsaved if r["kind"] == kind and id in (None, r["id"])]

    def add(self, kind: str, id: str, **fields) -> None:
        """Adds a record and saves it, with whatever could not be saved before."""
        record = {"kind": kind, "id": id, **fields, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        tell(record)
        with self._mutex:
            self._unsaved.append(record)
            try:
                with _lock(self.path.with_name("progress.lock")):
                    kept = self._load(locked=True)
                    if self._newer:
                        return
                    _write(self.path, kept + self._unsaved)
            except OSError as error:
                self._cannot_save(error)
            else:
                self._unsaved.clear()
                self._trouble = ""

    def _load(self, locked: bool = False) -> list[dict]:
        records, state = _read(self.path)
        self._newer = state == "newer"
        if self._newer:
            self._trouble = (
                f"Your progress file {self.path} was written by a newer pmtech and is left as it is, "
                "so answers given here are not saved."
            )
        elif state == "damaged" and not locked:
            with suppress(OSError), _lock(self.path.with_name("progress.lock")):
                return self._load(locked=True)
            self._repaired = f"Your progress file {self.path} is damaged and cannot be mended where it is."
        elif state == "damaged":
            aside = _kept_aside(self.path)
            _write(self.path, records)
            self._repaired = (
                f"Your progress file was damaged: {len(records)} records could be read and are kept, "
                f"and the damaged file lies beside it as {aside.name}."
            )
        return records

    def _cannot_save(self, error: OSError) -> None:
        where = "" if self._folder is None else f" in {self._folder}"
        self._trouble = (
            f"Your answers cannot be saved{where} ({files.reason(error)}): "
            "the course goes on, and they are kept until the kernel stops."
        )


_open: dict[Path | None, Progress] = {}


def progress_file() -> Progress:
    """The learner's own progress, the same object for as long as the folder is the same."""
    try:
        folder = home()
    except OSError:
        folder = None
    return _open.setdefault(folder, Progress(folder))


def _is_record(value: object) -> bool:
    if not (isinstance(value, dict) and isinstance(value.get("kind"), str) and isinstance(value.get("id"), str)):
        return False
    if value["kind"] == "answer":
        return isinstance(value.get("option"), str) and isinstance(value.get("right"), bool)
    return value["kind"] != "task" or isinstance(value.get("passed"), bool)


def _read(path: Path) -> tuple[list[dict], str]:
    """The records, and "fine", "damaged" or "newer"."""
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return [], "fine"
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, dict):
        version, records = data.get("version"), data.get("records")
        if isinstance(version, int) and version > VERSION:
            return [], "newer"
        if version == VERSION and isinstance(records, list) and all(map(_is_record, records)):
            return records, "fine"
    return _salvage(text), "damaged"


def _salvage(text: str) -> list[dict]:
    records, at = [], 0
    while found := _RECORD.search(text, at):
        at = found.start() + 1
        with suppress(ValueError, RecursionError):
            value = json.loads(found.group())
            if _is_record(value):
                records.append(value)
                at = found.end()
    return records


def _write(path: Path, records: list[dict]) -> None:
    lines = ",\n".join(json.dumps(r) for r in records)
    files.write(path, f'{{"version": {VERSION}, "records": [\n{lines}\n]}}\n', over=True)


def _kept_aside(path: Path) -> Path:
    """A copy of the damaged file; the one there is, if mending it was tried before."""
    damaged = path.read_bytes()
    for copy in path.parent.glob("progress.damaged-*.json"):
        if copy.read_bytes() == damaged:
            return copy
    return files.write_beside({path.with_name(f"progress.damaged-{date.today().isoformat()}.json"): damaged})[0]


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    files.make_folder(path.parent)
    with open(path, "a+b") as file:
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while (release := _try_lock(file, path)) is None:
            if time.monotonic() > deadline:
                raise TimeoutError("another notebook is holding the file")
            time.sleep(0.02)
        try:
            yield
        finally:
            release()


def _try_lock(file, path: Path) -> Callable[[], None] | None:
    """Takes the lock, and returns what gives it back; None while somebody else has it."""
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lambda: None  # closing the file frees it
        if msvcrt:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            return lambda: _unlock_on_windows(file)
    except (BlockingIOError, PermissionError):
        return None
    except OSError:
        pass  # storage without locks
    return _claim(file, path.with_suffix(".claim"))


def _unlock_on_windows(file) -> None:
    file.seek(0)
    msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)


def _claim(file, path: Path) -> Callable[[], None] | None:
    """A file that one alone can make, in place of a lock. One that lies there for too long is that of a dead program."""
    try:
        path.touch(exist_ok=False)
        return lambda: path.unlink(missing_ok=True)
    except FileExistsError:
        with suppress(OSError):
            os.utime(file.fileno())  # both moments by the clock of the storage
            if os.fstat(file.fileno()).st_mtime - path.stat().st_mtime > LOCK_PATIENCE_S:
                dead = path.with_name(f"{path.name}-{uuid4().hex}")
                path.rename(dead)  # only one of those who wait can do this
                dead.unlink()
        return None
