"""Files as this package writes them: whole or not at all, and never over somebody else's.

What is written goes into a new file of a name that nobody else has, reaches the disk, and takes its place in one step.
Whoever reads meanwhile, and whatever happens, a full disk, Ctrl + C, a power cut, there is the whole file or none.
"""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

NO_NAME = "no file can have that name"
LEFT_BEHIND_S = 3600  # a file in the making that is older than this was left by a program that was killed


def as_path(path, such_as: str) -> Path:
    """The path of a file, or of a folder where `such_as` is one. Raises ValueError with a sentence for what is none."""
    is_path = isinstance(path, str | os.PathLike) and isinstance(os.fspath(path), str)
    if not is_path or ("." in such_as and not Path(path).name):
        raise ValueError(f'path must be the name of a file such as "{such_as}", got {path!r}')
    return Path(path)


def read(path: Path) -> bytes:
    """What a file holds. Raises OSError, also for what is no file: a pipe or a device may have no end."""
    if os.path.isfile(path):
        return path.read_bytes()
    try:
        path.stat()
    except ValueError:
        raise OSError(errno.EINVAL, NO_NAME) from None
    raise OSError(errno.EINVAL, os.strerror(errno.EISDIR) if path.is_dir() else "That is no file")


def write(path: Path, content: str | bytes, *, over: bool = False) -> None:
    """Write a file, and the folders that lead to it.

    over: a file that is there is replaced. Otherwise it stays as it is, and FileExistsError is raised.
    Raises OSError, with nothing changed.
    """
    _check_name(path)
    if over:
        path = Path(os.path.realpath(path))  # a link stays a link
    elif os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    make_folder(path.parent)
    _sweep(path.parent)
    made = path.with_name(f".pmtech-{uuid4().hex}.tmp")
    try:
        with open(made, "xb") as file:
            file.write(_bytes(content))
            file.flush()
            os.fsync(file.fileno())
        if over:
            with suppress(OSError):
                shutil.copymode(path, made)
            _replace(made, path)
        else:
            _place(made, path)
    finally:
        made.unlink(missing_ok=True)
    # Without this the new name can be lost in a power cut; Windows cannot open a folder and does not need it.
    with suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_beside(files: Mapping[Path, str | bytes]) -> list[Path]:
    """Write files that belong together, beside what is there: where another is in the way, all get a number, page-2.html.

    The same files again are left as they stand. Returns where they are. Raises OSError, with nothing changed.
    """
    for path in files:
        _check_name(path)
    contents = {path: _bytes(content) for path, content in files.items()}
    number = 0
    while True:
        number += 1
        mark = "" if number == 1 else f"-{number}"
        named = {path.with_stem(path.stem + mark): content for path, content in contents.items()}
        missing = {path: content for path, content in named.items() if not os.path.lexists(path)}
        if all(path in missing or _holds(path, content) for path, content in named.items()):
            with suppress(FileExistsError):  # somebody was quicker: the next number
                write_all(missing)
                return list(named)


def write_all(files: Mapping[Path, str | bytes]) -> None:
    """Write files that belong together: all of them or none. Raises OSError, FileExistsError where one is there."""
    done = []
    try:
        for path, content in files.items():
            write(path, content)
            done.append(path)
    except BaseException:
        for path in done:
            path.unlink()
        raise


def _holds(path: Path, content: bytes) -> bool:
    try:  # reading from a pipe or a device may never end
        return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def _bytes(content: str | bytes) -> bytes:
    return content.encode(errors="replace") if isinstance(content, str) else content  # half a letter becomes "?"


def _check_name(path: Path) -> None:
    try:
        fits = path.name not in ("", "..") and b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        fits = False
    if not fits:
        raise OSError(errno.EINVAL, NO_NAME)


@contextmanager
def in_a_sentence(what: str) -> Iterator[None]:
    """What the computer does not allow, told as the sentence `what` and the reason: a ValueError.

    A file that is in the way stays a FileExistsError, for whoever knows what to do then.
    """
    try:
        yield
    except FileExistsError:
        raise
    except OSError as problem:
        raise ValueError(f"{what}: {reason(problem)}.") from None


def reason(problem: Exception) -> str:
    """Why something could not be done: in the system's words, or in ours where we refused it."""
    return getattr(problem, "strerror", None) or str(problem)


def make_folder(folder: Path) -> None:
    """Make a folder and those that lead to it. Raises OSError: NotADirectoryError where it is a file."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None


def scratch(kind: str) -> tempfile.TemporaryDirectory[str]:
    """A folder that ends with this process, `kind` in its name.

    A kernel that is killed cannot clean up; what it left is removed when the next folder of the kind is made.
    """
    import psutil  # not at the top: `pmtech check` speaks where nothing is installed

    # Containers can share a folder, and count their processes each for itself.
    mine = f"pmtech-{kind}-{platform.node()}-"
    for left in Path(tempfile.gettempdir()).glob(f"{mine}*"):
        owner = re.match(r"(\d+)-", left.name.removeprefix(mine))
        if owner and not psutil.pid_exists(int(owner[1])):
            shutil.rmtree(left, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=f"{mine}{os.getpid()}-", ignore_cleanup_errors=True)


def _place(made: Path, path: Path) -> None:
    """Give the file its name, if nobody has it."""
    try:
        os.link(made, path)
    except FileExistsError:
        raise
    except (OSError, AttributeError):  # no second name for a file, as on a memory stick
        _rename(made, path)


def _rename(made: Path, path: Path) -> None:
    """Give the file its only name: of those who write with this package one at a time looks whether it is free. Another
    program that takes it between the look and the next step is written over; nobody ever sees half a file."""
    if sys.platform == "win32":
        os.rename(made, path)  # refuses by itself
        return
    import fcntl  # not at the top: Windows has none

    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with suppress(OSError):  # some disks of a network know no locks
            fcntl.flock(folder, fcntl.LOCK_EX)  # ends with the process, however it ends
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        os.rename(made, path)
    finally:
        os.close(folder)


def _replace(made: Path, path: Path) -> None:
    # On Windows a reader who has the file open at this moment stands in the way; readers are quick.
    for wait_s in (0.01, 0.05, 0.2, 0.5):
        try:
            return os.replace(made, path)
        except PermissionError:
            time.sleep(wait_s)
    return os.replace(made, path)


def _sweep(folder: Path) -> None:
    """Remove what killed programs left behind, so that it does not pile up."""
    for left in folder.glob(".pmtech-*.tmp"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > LEFT_BEHIND_S:
                left.unlink()
