"""The learner's progress file: what was answered, which tasks were tried.

One JSON file in the user's data folder (`PMTECH_HOME` names another), one self-contained record a line::

    {"version": 1, "records": [
    {"kind": "answer", "id": "04.predict", "option": "A waits too", "right": true, "at": "2026-03-01T09:30:00+00:00"},
    {"kind": "task", "id": "04.your_turn", "passed": false, "gaps": ["..."], "at": "2026-03-01T09:41:00+00:00"}
    ]}

Records are only ever added. A writer takes the lock, reads the file again, adds its own records and puts the new file
in place of the old one in a single step, so a crash loses at most the answer in flight and two notebooks lose nothing
of each other's. The lock belongs to the operating system, which frees it when its holder dies: there is no stale lock
to guess about. Because every record stands by itself on a line, whole records can be read out of a damaged file.
"""

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import platformdirs

# POSIX has the one, Windows the other, a browser kernel neither.
fcntl, msvcrt = (import_module(name) if find_spec(name) else None for name in ("fcntl", "msvcrt"))

VERSION = 1
LOCK_PATIENCE_S = 10.0


def home() -> Path:
    """The folder that holds the progress file: `PMTECH_HOME`, or the user's data folder."""
    return Path(os.environ.get("PMTECH_HOME") or platformdirs.user_data_dir("pmtech", appauthor=False)).expanduser()


class Progress:
    """The records in one folder. Never raises for a bad disk: the course goes on, and `notice` says what happened."""

    def __init__(self, folder: Path | str):
        self.path = Path(folder) / "progress.json"
        self._unsaved: list[dict] = []
        self._repaired = ""
        self._trouble = ""
        self._newer = False
        self._mutex = threading.RLock()

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
            aside = _free_name(self.path)
            shutil.copyfile(self.path, aside)
            _write(self.path, records)
            self._repaired = (
                f"Your progress file was damaged: {len(records)} records could be read and are kept, "
                f"and the damaged file lies beside it as {aside.name}."
            )
        return records

    def _cannot_save(self, error: OSError) -> None:
        self._trouble = (
            f"Your answers cannot be saved in {self.path.parent} ({error.strerror or error}): "
            "the course goes on, and they are kept until the kernel stops."
        )


_open: dict[Path, Progress] = {}


def progress_file() -> Progress:
    """The learner's own progress, the same object for as long as the folder is the same."""
    return _open.setdefault(home(), Progress(home()))


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
    decoder, records, at = json.JSONDecoder(), [], text.find("{")
    while at >= 0:
        end = at + 1
        with suppress(ValueError, RecursionError):
            value, after = decoder.raw_decode(text, at)
            if _is_record(value):
                records.append(value)
                end = after
        at = text.find("{", end)
    return records


def _write(path: Path, records: list[dict]) -> None:
    lines = ",\n".join(json.dumps(r) for r in records)
    temp = path.with_name(path.name + ".tmp")
    with open(temp, "w", encoding="utf-8") as file:
        file.write(f'{{"version": {VERSION}, "records": [\n{lines}\n]}}\n')
        file.flush()
        os.fsync(file.fileno())
    _replace(temp, path)
    # Without this the new name can be lost in a power cut; Windows cannot open a folder and does not need it.
    with suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _replace(temp: Path, path: Path) -> None:
    # On Windows a reader who has the file open at this moment stands in the way; readers are quick.
    for wait_s in (0.01, 0.05, 0.2, 0.5):
        try:
            return os.replace(temp, path)
        except PermissionError:
            time.sleep(wait_s)
    os.replace(temp, path)


def _free_name(path: Path) -> Path:
    numbers = ("" if n == 1 else f"-{n}" for n in count(1))
    asides = (path.with_name(f"progress.damaged-{date.today().isoformat()}{number}.json") for number in numbers)
    return next(aside for aside in asides if not aside.exists())


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b") as file:
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while not _try_lock(file):
            if time.monotonic() > deadline:
                raise TimeoutError("another notebook is holding the file")
            time.sleep(0.02)
        try:
            yield
        finally:
            if msvcrt:
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)


def _try_lock(file) -> bool:
    # Closing the file frees a POSIX lock. A browser kernel has only one process.
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        elif msvcrt:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        pass  # a file system without locks: better unlocked than unsaved
    return True
