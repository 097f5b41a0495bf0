"""The `pmtech` command, as a learner types it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import jupyterlab.labapp
import pytest

from pmtech.install import cli
from pmtech.install.environment import EnvironmentCheck, Finding

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
NOTHING_WRONG = EnvironmentCheck(())
NO_ANYWIDGET = EnvironmentCheck((Finding("anywidget is missing.", "Install it:", "pip install anywidget"),))


@pytest.fixture
def started(monkeypatch):
    """What JupyterLab was started with, instead of JupyterLab."""
    starts = []

    def start(options):
        starts.append((options, {name: os.environ[name] for name in ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH")}))

    monkeypatch.setattr(jupyterlab.labapp, "main", start)
    monkeypatch.setattr(cli, "check_environment", lambda: NOTHING_WRONG)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "elsewhere")
    monkeypatch.setenv("JUPYTER_PATH", "")
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    return starts


def test_the_lessons_are_copied_and_the_first_one_is_opened(started, tmp_path, capsys):
    mine = tmp_path / "my lessons" / "here"
    assert cli.main(["lab", str(mine)]) == 0
    assert sorted(path.name for path in mine.iterdir()) == LESSONS
    assert capsys.readouterr().out == f"The lessons are in {mine}\n  new: {', '.join(LESSONS)}\n"
    ((options, environment),) = started
    assert options == [f"--ServerApp.root_dir={mine}", "--LabApp.default_url=/lab/tree/00_start_here.ipynb"]
    ours = ROOT / "pmtech" / "install" / "jupyter"
    assert environment == {
        "JUPYTER_CONFIG_PATH": f"{ours}{os.pathsep}elsewhere",
        "JUPYTER_PATH": f"{ours}{os.pathsep}{Path(sys.prefix) / 'share' / 'jupyter'}",
    }


def test_a_file_that_is_there_is_never_touched(started, tmp_path, capsys):
    first, *others = LESSONS
    (tmp_path / first).write_text("my own work")
    cli.main(["lab", str(tmp_path)])
    assert (tmp_path / first).read_text() == "my own work"
    assert capsys.readouterr().out.splitlines()[1:] == [f"  new: {', '.join(others)}", f"  kept as they were: {first}"]
    cli.main(["lab", str(tmp_path)])
    assert capsys.readouterr().out.splitlines()[1:] == [f"  kept as they were: {', '.join(LESSONS)}"]
    assert (tmp_path / first).read_text() == "my own work"


def test_in_a_checkout_the_lessons_can_be_opened_where_they_are(started):
    before = {path: path.stat().st_mtime_ns for path in (ROOT / "notebooks").iterdir()}
    assert cli.copy_lessons(ROOT / "notebooks") == ([], LESSONS)
    assert {path: path.stat().st_mtime_ns for path in (ROOT / "notebooks").iterdir()} == before


def test_the_folder_is_in_the_home_folder_when_none_is_named(started, tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    cli.main(["lab"])
    assert sorted(path.name for path in (tmp_path / "pmtech-lessons").iterdir()) == LESSONS


def test_options_reach_jupyterlab(started, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    cli.main(["lab", str(tmp_path), "--no-browser", "--port", "9999"])
    assert started[0][0][2:] == ["--no-browser", "--ServerApp.port=9999", "--allow-root"]


def test_a_folder_that_cannot_be_made_is_a_sentence(started, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert cli.main(["lab", str(tmp_path / "file" / "folder")]) == 1
    assert (
        capsys.readouterr().err
        == f"The lessons could not be put into {tmp_path / 'file' / 'folder'}: Not a directory.\n"
    )
    assert started == []


def test_what_is_missing_is_said_before_jupyterlab_starts(started, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cli, "check_environment", lambda: NO_ANYWIDGET)
    assert cli.main(["lab", str(tmp_path)]) == 0
    assert capsys.readouterr().err == f"{NO_ANYWIDGET}\n"
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", None)
    assert cli.main(["lab", str(tmp_path)]) == 1
    assert len(started) == 1


@pytest.mark.parametrize(("found", "status"), [(NOTHING_WRONG, 0), (NO_ANYWIDGET, 1)])
def test_check_says_what_it_found(found, status, monkeypatch, capsys):
    monkeypatch.setattr(cli, "check_environment", lambda: found)
    assert cli.main(["check"]) == status
    assert capsys.readouterr().out == f"{found}\n"


def test_without_a_command_it_says_which_there_are(capsys):
    assert cli.main([]) == 2
    said = capsys.readouterr().out
    assert re.findall(r"^    (\w+) ", said, re.MULTILINE) == ["lab", "check"]


def test_check_speaks_where_nothing_is_installed(tmp_path):
    """No package at all, the course's own included: a bare Python in the project's folder."""
    said = subprocess.run(
        [sys.executable, "-S", "-m", "pmtech", "check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert said.stderr == ""
    assert said.stdout.startswith("- The package pmtech is in a folder, but it is not installed in this Python.\n")
    assert said.returncode == 1
