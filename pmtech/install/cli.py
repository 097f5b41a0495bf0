"""The `pmtech` command: `pmtech lab` opens the lessons, `pmtech check` says whether they can run."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from pmtech.install.environment import check_environment

__all__ = ["copy_lessons", "main"]

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent
START = "00_start_here.ipynb"


def main(argv: list[str] | None = None) -> int:
    """Run the command; the exit status is 0 when all is well."""
    parser = argparse.ArgumentParser(prog="pmtech", description="How internet software works and scales.")
    commands = parser.add_subparsers(dest="command", metavar="command")
    lab = commands.add_parser("lab", help="put the lessons into a folder of yours and open them in JupyterLab")
    lab.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path.home() / "pmtech-lessons",
        help="where the lessons go (%(default)s); a file that is there already is never touched",
    )
    lab.add_argument("--no-browser", action="store_true", help="start JupyterLab, but do not open a browser")
    lab.add_argument("--port", type=int, help="the port JupyterLab listens on")
    commands.add_parser("check", help="say what is missing on this computer, and how to mend it")
    chosen = parser.parse_args(argv)
    if chosen.command is None:
        parser.print_help()
        return 2

    check = check_environment()
    if chosen.command == "check":
        print(check)
        return 0 if check.ok else 1
    if not check.ok:
        print(check, file=sys.stderr)
    return _lab(chosen.folder.expanduser(), browser=not chosen.no_browser, port=chosen.port)


def copy_lessons(folder: Path) -> tuple[list[str], list[str]]:
    """Copy each lesson that `folder` does not have; returns the names of the new ones and of those kept as they were."""
    shipped = PACKAGE / "lessons"
    lessons = shipped if shipped.is_dir() else PACKAGE.parent / "notebooks"
    new, kept = [], []
    folder.mkdir(parents=True, exist_ok=True)
    for lesson in sorted(lessons.glob("*.ipynb")):
        try:
            with open(folder / lesson.name, "xb") as copy:
                copy.write(lesson.read_bytes())
            new.append(lesson.name)
        except FileExistsError:
            kept.append(lesson.name)
    return new, kept


def _lab(folder: Path, *, browser: bool, port: int | None) -> int:
    try:
        new, kept = copy_lessons(folder)
    except OSError as problem:
        print(f"The lessons could not be put into {folder}: {problem.strerror}.", file=sys.stderr)
        return 1
    print(f"The lessons are in {folder.resolve()}")
    if new:
        print("  new:", ", ".join(new))
    if kept:
        print("  kept as they were:", ", ".join(kept))
    sys.stdout.flush()

    # JupyterLab reads these when it starts: nothing is asked of the internet, this Python's kernel comes first, and
    # what makes a page of cells a lesson is there.
    _put_first("JUPYTER_CONFIG_PATH", HERE / "jupyter")
    _put_first("JUPYTER_PATH", Path(sys.prefix) / "share" / "jupyter")
    _put_first("JUPYTER_PATH", HERE / "jupyter")
    try:
        from jupyterlab.labapp import main as jupyterlab
    except ImportError:
        return 1  # the check has said so
    options = [f"--ServerApp.root_dir={folder.resolve()}", f"--LabApp.default_url=/lab/tree/{START}"]
    options += [] if browser else ["--no-browser"]
    options += [] if port is None else [f"--ServerApp.port={port}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container everyone is root, and Jupyter would refuse
        options.append("--allow-root")
    return jupyterlab(options) or 0


def _put_first(variable: str, path: Path) -> None:
    others = os.environ.get(variable)
    os.environ[variable] = f"{path}{os.pathsep}{others}" if others else str(path)
