"""Files that the package writes: whole or not at all, and never over another."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pmtech import System, files
from pmtech.web.client.contract import Contract

# A writer of its own, which the test can kill or keep short of room.
WRITER = """
import importlib.util, os, pathlib, sys
spec = importlib.util.spec_from_file_location("files", sys.argv[1])
files = importlib.util.module_from_spec(spec)
spec.loader.exec_module(files)
path, over = pathlib.Path(sys.argv[2]), sys.argv[3] == "over"
"""


def run(path, over, program):
    command = [sys.executable, "-c", WRITER + program, files.__file__, str(path), "over" if over else "beside"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def inside(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_file_and_the_folders_that_lead_to_it(tmp_path):
    files.write(tmp_path / "new" / "folder" / "page.md", "Grüße\n")
    assert inside(tmp_path / "new" / "folder") == {"page.md": "Grüße\n".encode()}


def test_a_file_that_is_there_is_only_replaced_when_that_is_said(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("mine")
    with pytest.raises(FileExistsError):
        files.write(page, "another")
    assert inside(tmp_path) == {"page.md": b"mine"}
    files.write(page, "another", over=True)
    assert inside(tmp_path) == {"page.md": b"another"}


@pytest.mark.skipif(os.name == "nt", reason="rights and links are others on Windows")
def test_a_replaced_file_keeps_its_rights_and_a_link_stays_a_link(tmp_path):
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    files.write(link, "new", over=True)
    assert link.is_symlink() and real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on Windows")
@pytest.mark.parametrize("over", [False, True])
def test_a_writer_that_is_killed_before_the_end_leaves_what_was_there(tmp_path, over):
    page = tmp_path / "page.md"
    if over:
        page.write_text("mine")
    killed = run(page, over, "os.fsync = lambda _: os.kill(os.getpid(), 9)\nfiles.write(path, 'x' * 10**6, over=over)")
    assert killed.returncode == -signal.SIGKILL
    assert (page.read_text() if page.exists() else "nothing") == ("mine" if over else "nothing")
    # What it left behind has a name of its own, and goes when somebody writes there an hour later.
    (left,) = tmp_path.glob(".pmtech-*.tmp")
    files.write(tmp_path / "soon.md", "")
    assert left.exists()
    os.utime(left, (time.time() - 2 * files.LEFT_BEHIND_S,) * 2)
    files.write(tmp_path / "later.md", "")
    assert not left.exists()


@pytest.mark.skipif(os.name == "nt", reason="no limits of this kind on Windows")
@pytest.mark.parametrize("over", [False, True])
def test_where_there_is_no_room_everything_stays_as_it_was(tmp_path, over):
    page = tmp_path / "page.md"
    if over:
        page.write_text("mine")
    before = inside(tmp_path)
    program = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\nfiles.write(path, 'x' * 5000, over=over)"
    said = run(page, over, program)
    assert "File too large" in said.stderr
    assert inside(tmp_path) == before


NO_LINKS = """
import errno
def no_links(*_):
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))
os.link = no_links
"""


def test_where_files_have_one_name_only_they_are_still_written(tmp_path):
    page = tmp_path / "page.md"
    said = run(page, False, f"{NO_LINKS}files.write(path, 'first')\nfiles.write(path, 'second')")
    assert "FileExistsError" in said.stderr
    assert inside(tmp_path) == {"page.md": b"first"}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on Windows")
@pytest.mark.parametrize("step", ["rename", "replace", "open", "link"])
def test_where_files_have_one_name_only_a_kill_at_any_step_leaves_the_whole_file_or_none(tmp_path, step):
    """At each call of that step, in turn: before it is done, and after."""
    counted = f"""{NO_LINKS}
once, calls = os.{step}, 0
def killed(*given, **way):
    global calls
    calls += 1
    if calls == AT:
        os.kill(os.getpid(), 9)
    try:
        return once(*given, **way)
    finally:
        if calls == -AT:
            os.kill(os.getpid(), 9)
os.{step} = killed
files.write(path, 'whole')
"""
    for at in (1, -1, 2, -2):
        page = tmp_path / f"{at}.md"
        run(page, False, counted.replace("AT", str(at)))
        assert not page.exists() or page.read_text() == "whole"
        files.write(tmp_path / "next.md", b"", over=True)  # and nobody is kept waiting


def test_where_files_have_one_name_only_whoever_looks_whether_it_is_free_is_alone(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl", reason="on Windows a rename refuses by itself")
    there, alone = os.path.lexists, []

    def look(path):
        other = os.open(tmp_path, os.O_RDONLY)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone.append(False)
        except BlockingIOError:
            alone.append(True)
        os.close(other)
        return there(path)

    monkeypatch.setattr(os, "link", lambda *_: os.stat("/no/such/file"))
    monkeypatch.setattr(os.path, "lexists", look)
    files.write(tmp_path / "page.md", "whole")
    assert alone[-1] and (tmp_path / "page.md").read_text() == "whole"  # the last look decides


@pytest.mark.parametrize("names", [1, 2])
def test_of_many_who_want_a_name_one_gets_it(tmp_path, monkeypatch, names):
    if names == 1:
        monkeypatch.setattr(os, "link", lambda *_: os.stat("/no/such/file"))
    got, begin = [], threading.Barrier(8)

    def want(name):
        begin.wait()
        try:
            files.write(tmp_path / "page.md", name * 10_000)
            got.append(name)
        except FileExistsError:
            pass

    threads = [threading.Thread(target=want, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (first,) = got
    assert inside(tmp_path) == {"page.md": first.encode() * 10_000}


def test_files_that_belong_together_get_a_number_where_another_is_in_the_way(tmp_path):
    page, sheet = tmp_path / "page.md", tmp_path / "page.html"
    assert files.write_beside({page: "a", sheet: "b"}) == [page, sheet]
    assert files.write_beside({page: "a", sheet: "b"}) == [page, sheet]
    second = [tmp_path / "page-2.md", tmp_path / "page-2.html"]
    assert files.write_beside({page: "a", sheet: "other"}) == second
    page.unlink()
    assert files.write_beside({page: "a", sheet: "b"}) == [page, sheet]
    assert inside(tmp_path) == {"page.md": b"a", "page.html": b"b", "page-2.md": b"a", "page-2.html": b"other"}


def test_of_files_that_belong_together_there_are_all_or_none(tmp_path, monkeypatch):
    written = []

    def full(descriptor):
        written.append(descriptor)
        if len(written) > 2:  # the first file and its folder
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_beside({tmp_path / "page.md": "a", tmp_path / "page.html": "b"})
    assert inside(tmp_path) == {}


@pytest.mark.parametrize("name", ["", ".", "..", "folder/..", "a\0b", "\ud800"])
def test_what_can_be_no_name_of_a_file_is_said_and_writes_nothing(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for write in (lambda path: files.write_beside({path: "a"}), lambda path: files.write(path, "a", over=True)):
        with pytest.raises(ValueError, match=r"^It: no file can have that name\.$"), files.in_a_sentence("It"):
            write(Path(name))
    assert inside(tmp_path) == {}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name on Windows")
def test_a_pipe_that_is_in_the_way_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "page.md")
    for read in (System.open, Contract):
        with pytest.raises(ValueError, match="That is no file"):
            read(tmp_path / "page.md")
    assert files.write_beside({tmp_path / "page.md": "a"}) == [tmp_path / "page-2.md"]


def test_half_a_letter_in_a_text_is_written_as_a_question_mark(tmp_path):
    files.write_beside({tmp_path / "page.md": "A\ud800"})
    assert inside(tmp_path) == {"page.md": b"A?"}


@pytest.mark.parametrize("path", ["file/page.md", "file/folder/page.md"])
def test_a_folder_that_is_a_file_is_said_in_a_sentence(tmp_path, path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ValueError, match=r"^The page could not be written: Not a directory\.$"),
        files.in_a_sentence("The page could not be written"),
    ):
        files.write_beside({tmp_path / path: "a"})


def test_a_folder_of_a_process_that_was_killed_goes_when_the_next_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    program = "files.tempfile.tempdir = str(path)\nkept = files.scratch('api')\nopen(kept.name + '/rows.db', 'x').close()\nos._exit(1)"
    run(tmp_path, False, program)
    (left,) = tmp_path.iterdir()
    assert (left / "rows.db").exists()
    with files.scratch("shop"), files.scratch("api") as mine:
        assert not left.exists()
        with files.scratch("api"):
            assert len(list(tmp_path.iterdir())) == 3 and os.path.isdir(mine)  # nobody takes what is in use
    assert list(tmp_path.iterdir()) == []
