"""The `pmtech` command: `pmtech lab` opens the lessons, `pmtech check` says whether they can run; `--help` tells the rest."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from pathlib import Path

from pmtech import files
from pmtech.install.environment import check_environment

__all__ = ["copy_lessons", "main"]

START = "00_start_here.ipynb"


def main(argv: list[str] | None = None) -> int:
    """Run the command; the exit status is 0 when all is well."""
    try:
        return _run(_parser().parse_args(argv))
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pmtech", description="How internet software works and scales.")
    commands = parser.add_subparsers(dest="command", metavar="command")
    opens = argparse.ArgumentParser(add_help=False)
    opens.add_argument("--no-browser", action="store_true", help="start JupyterLab, but do not open a browser")
    opens.add_argument("--port", type=_port, help="the port JupyterLab listens on, from 0 (any that is free) to 65535")
    lab = commands.add_parser(
        "lab", parents=[opens], help="put the lessons into a folder of yours and open them in JupyterLab"
    )
    lab.add_argument(
        "folder",
        nargs="?",
        type=_folder,
        help="where the lessons go (pmtech-lessons in your home folder); a file that is there already is never touched",
    )
    lab.add_argument(
        "--open-to-network",
        action="store_true",
        help="start even where your own Jupyter settings let everybody on the network in without a password",
    )
    present = commands.add_parser(
        "present", parents=[opens], help="a lesson for a projector: large, a section at a time, no verdict unasked"
    )
    present.add_argument("lesson", nargs="?", default="00", help="its number, or its name (00)")
    present.add_argument("--folder", type=_folder, help="where the lessons are (pmtech-lessons in your home folder)")
    present.set_defaults(open_to_network=False)
    room = commands.add_parser("room", help="votes and pace of a workshop, on this machine")
    room.add_argument("--port", type=_port, default=8765, help="the port it listens on (8765)")
    room.add_argument(
        "--keep", type=_folder, metavar="FILE", help="keep the votes in this file; without it nothing is kept"
    )
    room.add_argument("--here", action="store_true", help="for this machine alone, to try it")
    lint = commands.add_parser(
        "lint", help="is a notebook a lesson? its form, its questions, its numbers, and that it runs"
    )
    lint.add_argument("notebook", nargs="+", type=_folder, help="a lesson, such as 20_feature_flags.ipynb")
    lint.add_argument("--no-run", action="store_true", help="look at its form alone")
    new = commands.add_parser("new", help="begin a lesson of your own")
    new.add_argument("what", choices=["lesson"])
    new.add_argument("name", help='its name in a few words, such as "feature flags"')
    new.add_argument("--folder", type=_folder, default=Path(), help="where it goes (the folder you are in)")
    commands.add_parser("check", help="say what is missing on this computer, and how to mend it")
    parser.set_defaults(show_help=parser.print_help)
    return parser


def _folder(text: str) -> Path:
    if not text.strip():
        raise argparse.ArgumentTypeError('a folder needs a name; for the folder you are in, that is "."')
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise argparse.ArgumentTypeError(f"the home folder in {text} is not known here: write it in full") from None


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) < 65_536):
        raise argparse.ArgumentTypeError(f"a port is a whole number from 0 to 65535, got {text}")
    return int(text)


def _run(chosen: argparse.Namespace) -> int:
    if chosen.command is None:
        chosen.show_help()
        return 2
    check = check_environment()
    if chosen.command == "check":
        print(check)
        return 0 if check.ok else 1
    if not check.ok:
        print(check, file=sys.stderr)
    if chosen.command == "room":
        from pmtech.install.lab import end_in_order
        from pmtech.room.server import serve

        end_in_order()
        return serve(chosen.port, chosen.keep, chosen.here)
    with suppress(ImportError):  # the check has said so
        from pmtech.web.schemas import validator

        validator()  # before JupyterLab, or a notebook's form, asks for it
    if chosen.command == "lint":
        return max([_lint(notebook, chosen.no_run) for notebook in chosen.notebook])
    return _new(chosen) if chosen.command == "new" else _lab(chosen)


def _lint(notebook: Path, no_run: bool) -> int:
    """Say what keeps a notebook from being a lesson; 0 when nothing does, 2 when it cannot be read."""
    from pmtech.course.lint import lint, run

    try:
        found = lint(notebook)
        found += [] if no_run else run(notebook)
    except (OSError, ValueError) as problem:
        print(f"{notebook}: {files.reason(problem)}", file=sys.stderr)
        return 2
    print("\n  ".join([f"{notebook}:" if found else f"{notebook}: nothing to mend.", *found]))
    return 1 if found else 0


def _new(chosen: argparse.Namespace) -> int:
    from pmtech.course.way.new_lesson import new_lesson

    try:
        made = new_lesson(chosen.name, chosen.folder)
    except (OSError, ValueError) as problem:
        print(f"The lesson could not be begun: {files.reason(problem)}", file=sys.stderr)
        return 1
    print(f"A lesson that runs, and says what is still to be written: {', '.join(map(str, made))}")
    print(f"Open it in JupyterLab; what it still lacks: pmtech lint {made[0]}")
    return 0


def copy_lessons(folder: Path) -> tuple[list[str], list[str]]:
    """Copy each lesson that `folder` does not have; returns the names of the new ones and of those kept as they were.

    Raises OSError. Whatever happens, a lesson is there as a whole or not at all.
    """
    from pmtech.course.way.editions import shipped

    new, kept = [], []
    files.make_folder(folder)
    for lesson in sorted(shipped().glob("*.ipynb")):
        try:
            files.write(folder / lesson.name, lesson.read_bytes())
            new.append(lesson.name)
        except FileExistsError:
            kept.append(lesson.name)
    return new, kept


def _lab(chosen: argparse.Namespace) -> int:
    try:
        home = Path.home()
        from pmtech.course.way.editions import editions, lay_new_editions
        from pmtech.install.lab import start
    except (ImportError, RuntimeError):
        return 1  # no home, or something is missing: the check has said so
    folder = chosen.folder or home / "pmtech-lessons"
    try:
        new, kept = copy_lessons(folder)
        said = lay_new_editions(folder)
    except OSError as problem:
        print(f"The lessons could not be put into {folder}: {files.reason(problem)}.", file=sys.stderr)
        return 1
    print(f"The lessons are in {folder.resolve()}")
    if new:
        print("  new:", ", ".join(new))
    if kept:
        print("  kept as they were:", ", ".join(kept))
    for sentence in said:
        print(f"  {sentence}")
    sys.stdout.flush()
    present = chosen.command == "present"
    first = _lesson(folder, chosen.lesson) if present else START
    if first is None:
        print(f'There is no lesson "{chosen.lesson}" in {folder}. By its number: pmtech present 05', file=sys.stderr)
        return 2
    return start(
        folder,
        editions(folder, first)[-1].name,
        browser=not chosen.no_browser,
        port=chosen.port,
        open_to_network=chosen.open_to_network,
        present=present,
    )


def _lesson(folder: Path, wanted: str) -> str | None:
    """The file of a lesson by its number, "5" or "05", or by its name."""
    number = wanted.zfill(2) if wanted.isdigit() else ""
    names = [f"{stem}.ipynb" for stem in sorted(path.stem for path in folder.glob("[0-9][0-9]_*.ipynb"))]
    return next((name for name in names if (number and name[:2] == number) or Path(wanted).stem == name[:-6]), None)
