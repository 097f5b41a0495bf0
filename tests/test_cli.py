"""The `pmtech` command, as a learner types it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jupyterlab.labapp
import nbformat
import pytest
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler

from pmtech import __main__
from pmtech.course.way import editions
from pmtech.install import cli, lab
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
    monkeypatch.setattr(lab, "end_in_order", lambda: None)  # the tests go on
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
    assert environment == {
        "JUPYTER_CONFIG_PATH": f"{ROOT / 'pmtech' / 'install' / 'jupyter'}{os.pathsep}elsewhere",
        "JUPYTER_PATH": f"{ROOT / 'pmtech' / 'install' / 'jupyter'}{os.pathsep}{Path(sys.prefix) / 'share' / 'jupyter'}",
    }


def test_what_a_kernel_says_is_not_held_back_on_its_way_to_the_page(started, tmp_path, monkeypatch):
    assert cli.main(["lab", str(tmp_path)]) == 0
    server = ServerApp()
    server.load_config_file()
    server = ServerApp(config=server.config)
    connection, told = server.kernel_websocket_connection_class, []
    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", lambda _: told.append("connected"))
    handler = KernelWebsocketHandler.__new__(KernelWebsocketHandler)
    handler.set_nodelay = told.append
    connection(websocket_handler=handler).connect()
    assert told == [True, "connected"]


@pytest.mark.parametrize("lesson", ["5", "05", "05_scaling", "05_scaling.ipynb"])
def test_a_lesson_is_presented_with_answers_of_its_own(started, lesson, tmp_path, monkeypatch):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path / "answers"))
    monkeypatch.setenv("PMTECH_PRESENT", "")  # so that it is gone again afterwards
    assert cli.main(["present", lesson, "--folder", str(tmp_path)]) == 0
    ((options, environment),) = started
    assert options[-1] == "--LabApp.default_url=/lab/tree/05_scaling.ipynb"
    assert environment["JUPYTER_PATH"].startswith(str(ROOT / "pmtech" / "install" / "present"))
    assert os.environ["PMTECH_PRESENT"] == str(tmp_path / "answers") and os.environ["PMTECH_HOME"] != str(
        tmp_path / "answers"
    )
    del os.environ["PMTECH_PRESENT"]


def test_the_newest_edition_of_a_lesson_is_presented_or_the_one_that_is_named(started, tmp_path, monkeypatch):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path / "answers"))
    monkeypatch.setenv("PMTECH_PRESENT", "")
    cli.copy_lessons(tmp_path)
    for number in (2, 3, 10):
        (tmp_path / f"05_scaling-{number}.ipynb").write_text("{}")
    for wanted, opened in (("5", "05_scaling-10"), ("05_scaling", "05_scaling-10"), ("05_scaling-3", "05_scaling-3")):
        assert cli.main(["present", wanted, "--folder", str(tmp_path)]) == 0
        assert started[-1][0][-1] == f"--LabApp.default_url=/lab/tree/{opened}.ipynb"
        monkeypatch.setenv("PMTECH_HOME", str(tmp_path / "answers"))


@pytest.mark.parametrize(
    "wanted", ["", " ", "0", "²", "٠٥", "005", "../05_scaling", "05_", "/", "-0", "05_scaling.py\0"]
)
def test_no_name_of_a_lesson_is_a_failure(started, tmp_path, monkeypatch, wanted):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path / "answers"))
    monkeypatch.setenv("PMTECH_PRESENT", "")
    assert cli.main(["present", "--folder", str(tmp_path), "--", wanted]) in (0, 2)


def test_an_unknown_lesson_is_a_sentence(started, tmp_path, capsys):
    assert cli.main(["present", "87", "--folder", str(tmp_path)]) == 2
    assert 'There is no lesson "87"' in capsys.readouterr().err and not started


def test_a_file_that_is_there_is_never_touched(started, tmp_path, capsys):
    first, *others = LESSONS
    (tmp_path / first).write_text("my own work")
    cli.main(["lab", str(tmp_path)])
    assert (tmp_path / first).read_text() == "my own work"
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"  new: {', '.join(others)}",
        f"  kept as they were: {first}",
        f"  {first} is not this edition of the lesson, or has changes; it stays as it is, and the new edition lies "
        "beside it: 00_start_here-2.ipynb",
    ]
    cli.main(["lab", str(tmp_path)])
    assert capsys.readouterr().out.splitlines()[1:] == [f"  kept as they were: {', '.join(LESSONS)}"]
    assert (tmp_path / first).read_text() == "my own work"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*LESSONS, "00_start_here-2.ipynb"])
    assert started[-1][0][1] == "--LabApp.default_url=/lab/tree/00_start_here-2.ipynb"


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


def test_a_folder_that_is_a_file_is_a_sentence(started, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert cli.main(["lab", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err == f"The lessons could not be put into {tmp_path / 'file'}: Not a directory.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([""], 'argument folder: a folder needs a name; for the folder you are in, that is "."'),
        (["  "], 'argument folder: a folder needs a name; for the folder you are in, that is "."'),
        (["~nobody-of-this-name/x"], "argument folder: the home folder in ~nobody-of-this-name/x is not known here"),
        *[
            (["--port", port], f"argument --port: a port is a whole number from 0 to 65535, got {port}")
            for port in ("-1", "65536", "8888.0", "9" * 5000, "٣", "")
        ],
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(started, tmp_path, monkeypatch, capsys, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        cli.main(["lab", *arguments])
    assert sentence in capsys.readouterr().err
    assert started == [] and list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows knows who somebody is in another way")
@pytest.mark.parametrize("command", [["lab"], ["lab", "lessons"], ["check"]])
def test_an_unknown_home_is_a_sentence(tmp_path, command):
    """A user without an entry in the system's list, and without HOME, as in some containers."""
    program = (
        "import os, pwd, sys\n"
        "def nobody(_): raise KeyError\n"
        "pwd.getpwuid = nobody\n"
        "from pmtech.__main__ import main; sys.exit(main())"
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "PMTECH_HOME")}
    run = [sys.executable, "-c", program, *command]
    said = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert (said.stdout or said.stderr).startswith("- Your home folder is not known here, and JupyterLab keeps its")
    assert "Traceback" not in said.stderr
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_is_a_sentence_before_the_command_is_there(monkeypatch):
    class Interrupted:
        def find_spec(self, name, *_):
            if name == "pmtech.install.cli":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "pmtech.install.cli")
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    assert __main__.main() == "\nStopped."


def test_ctrl_c_is_a_sentence_at_any_moment(started, tmp_path, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    for where, what in [(cli, "check_environment"), (os, "fsync"), (jupyterlab.labapp, "main")]:
        with monkeypatch.context() as patch:
            patch.setattr(where, what, interrupted)
            assert cli.main(["lab", str(tmp_path)]) == 130
        said = capsys.readouterr()
        assert said.err == "\nStopped.\n"
    assert all(nbformat.read(path, 4) for path in tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="no limits of this kind on Windows")
def test_a_full_disk_leaves_whole_lessons_and_no_parts(tmp_path):
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000))\n"
        "sys.dont_write_bytecode = True  # half a module would stay in the cache\n"
        "from pmtech.install.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "lab", str(tmp_path)]
    full = subprocess.run(command, capture_output=True, text=True, check=False)
    assert full.returncode == 1
    assert full.stderr == f"The lessons could not be put into {tmp_path}: File too large.\n"
    there = sorted(path.name for path in tmp_path.iterdir())
    assert len(there) < len(LESSONS)
    assert cli.copy_lessons(tmp_path) == (LESSONS[len(there) :], there)
    assert all(nbformat.read(path, 4) for path in tmp_path.iterdir())


# --- a new edition -----------------------------------------------------------------------------------------------------


def lesson(text: str, **output) -> str:
    """A notebook with one cell."""
    cell = {"cell_type": "code", "id": "one", "metadata": {}, "execution_count": None, "outputs": [], "source": text}
    return json.dumps({"cells": [cell | output], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def publish(tmp_path, monkeypatch):
    """Ship another edition of the lessons."""
    monkeypatch.setattr(editions, "shipped", lambda: tmp_path / "shipped")
    (tmp_path / "shipped").mkdir()

    def publish(**texts: str) -> None:
        for name, text in texts.items():
            (tmp_path / "shipped" / f"{name}.ipynb").write_text(lesson(text))

    return publish


def test_a_new_edition_is_laid_beside_what_is_there_once(started, publish, tmp_path, capsys):
    mine = tmp_path / "mine"
    publish(**{"00_start_here": "a", "01_changed": "b", "02_run": "c", "03_stays": "d", "04_stays_but_changed": "e"})
    cli.main(["lab", str(mine)])
    (mine / "01_changed.ipynb").write_text(lesson("b, and what I tried"))
    (mine / "02_run.ipynb").write_text(lesson("c", outputs=["what it put out"], execution_count=7))
    (mine / "04_stays_but_changed.ipynb").write_text(lesson("e, and what I tried"))
    before = {path.name: path.read_bytes() for path in mine.iterdir()}
    capsys.readouterr()
    publish(**{"00_start_here": "a2", "01_changed": "b2", "02_run": "c2"})
    cli.main(["lab", str(mine)])
    beside = "it stays as it is, and the new edition lies beside it:"
    assert capsys.readouterr().out.splitlines()[2:] == [
        f"  00_start_here.ipynb is of an earlier edition, without changes of yours; {beside} 00_start_here-2.ipynb",
        f"  01_changed.ipynb is of an earlier edition, with your changes; {beside} 01_changed-2.ipynb",
        f"  02_run.ipynb is of an earlier edition, without changes of yours; {beside} 02_run-2.ipynb",
    ]
    after = {path.name: path.read_bytes() for path in mine.iterdir()}
    assert after == before | {
        "00_start_here-2.ipynb": lesson("a2").encode(),
        "01_changed-2.ipynb": lesson("b2").encode(),
        "02_run-2.ipynb": lesson("c2").encode(),
    }
    # Said once; a new edition that is changed in turn is not laid anew.
    (mine / "01_changed-2.ipynb").write_text(lesson("b2, and what I tried"))
    cli.main(["lab", str(mine)])
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert {path.name for path in mine.iterdir()} == set(after)
    publish(**{"01_changed": "b3"})
    cli.main(["lab", str(mine)])
    assert "beside it: 01_changed-3.ipynb" in capsys.readouterr().out
    assert [path.name for path in editions.editions(mine, "01_changed.ipynb")] == [
        "01_changed.ipynb",
        "01_changed-2.ipynb",
        "01_changed-3.ipynb",
    ]


def test_a_lesson_that_was_cut_off_long_ago_gets_a_whole_one_beside_it(started, publish, tmp_path, capsys):
    publish(**{"00_start_here": "a" * 1000})
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "00_start_here.ipynb").write_text(lesson("a" * 1000)[:500])
    cli.main(["lab", str(mine)])
    assert (mine / "00_start_here-2.ipynb").read_text() == lesson("a" * 1000)
    assert "00_start_here.ipynb is not this edition of the lesson, or has changes;" in capsys.readouterr().out


def test_where_nothing_can_be_remembered_the_lessons_are_laid_all_the_same(started, publish, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path / "file" / "home"))
    publish(**{"00_start_here": "a"})
    assert cli.main(["lab", str(tmp_path / "mine")]) == 0
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "lessons.json").write_text("{damaged")
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path / "home"))
    assert cli.main(["lab", str(tmp_path / "mine")]) == 0
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["00_start_here.ipynb"]


# --- a door that stands open -------------------------------------------------------------------------------------------

EVERYWHERE, NO_TOKEN = "c.ServerApp.ip = '0.0.0.0'", "c.IdentityProvider.token = ''"


@pytest.mark.parametrize(
    ("settings", "opens"),
    [
        ([EVERYWHERE, NO_TOKEN], True),
        ([EVERYWHERE, "c.ServerApp.token = ''"], True),
        (["c.ServerApp.ip = '*'", NO_TOKEN], True),
        (["c.ServerApp.ip = '::'", NO_TOKEN], True),
        (["c.ServerApp.ip = ''", NO_TOKEN], True),
        (["c.ServerApp.ip = 'teacher.example'", NO_TOKEN], True),
        ([EVERYWHERE], False),
        ([NO_TOKEN], False),
        (["c.ServerApp.ip = '127.0.0.3'", NO_TOKEN], False),
        (["c.ServerApp.ip = '::1'", NO_TOKEN], False),
        ([EVERYWHERE, NO_TOKEN, "c.PasswordIdentityProvider.hashed_password = 'argon2:x'"], False),
        ([EVERYWHERE, "1 / 0"], False),
    ],
)
def test_settings_that_let_the_network_in_are_named_and_refused(
    started, tmp_path, monkeypatch, capsys, settings, opens
):
    own = tmp_path / "settings" / "jupyter_server_config.py"
    own.parent.mkdir()
    own.write_text("\n".join(settings))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(own.parent))
    assert cli.main(["lab", str(tmp_path / "mine")]) == (1 if opens else 0)
    said = capsys.readouterr().err
    assert said.startswith(f"Your own Jupyter settings in {own} let everybody") if opens else said == ""
    assert len(started) == (0 if opens else 1)
    assert cli.main(["lab", str(tmp_path / "mine"), "--open-to-network"]) == 0


def test_settings_in_a_file_of_jupyterlab_are_read_too(started, tmp_path, monkeypatch, capsys):
    own = tmp_path / "settings" / "jupyter_lab_config.json"
    own.parent.mkdir()
    own.write_text(json.dumps({"ServerApp": {"ip": "0.0.0.0"}, "IdentityProvider": {"token": ""}}))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(own.parent))
    assert cli.main(["lab", str(tmp_path / "mine")]) == 1
    assert str(own) in capsys.readouterr().err


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
    assert re.findall(r"^    (\w+) ", said, re.MULTILINE) == ["lab", "present", "room", "lint", "new", "check"]


def test_check_speaks_where_nothing_is_installed(tmp_path):
    """No package at all, the course's own included: a bare Python in the project's folder."""
    said = subprocess.run(
        [sys.executable, "-S", "-m", "pmtech", "check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert said.stderr == ""
    assert said.stdout.startswith("- The package pmtech is in a folder, but it is not installed in this Python.\n")
    assert said.returncode == 1
