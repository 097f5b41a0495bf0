"""The progress file: saved at once, never lost, mended when damaged; and the map that shows what is in it."""

import errno
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pmtech.course.exercises.check import all_tasks
from pmtech.course.exercises.questions import all_questions
from pmtech.course.way import map as course_map
from pmtech.course.way import progress as module
from pmtech.course.way.progress import Progress, progress_file

# The writer loads the module alone: a process of its own that starts in a twentieth of the package's time.
WRITER = """
import errno, importlib.util, sys
spec = importlib.util.spec_from_file_location("progress", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)

def no_locks(*_):
    raise OSError(errno.ENOLCK, "No locks available")

if sys.argv[5] == "without locks":
    module.fcntl.flock = no_locks
progress = module.Progress(sys.argv[2])
for n in range(int(sys.argv[4])):
    progress.add("answer", f"{sys.argv[3]}.{n}", option="x", right=True)
    print(n, flush=True)
"""


def writer(folder: Path, name: str, count: int, storage: str = "with locks") -> subprocess.Popen:
    command = [sys.executable, "-c", WRITER, module.__file__, str(folder), name, str(count), storage]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def ids(folder: Path) -> list[str]:
    data = json.loads((folder / "progress.json").read_text(encoding="utf-8"))
    assert data["version"] == 1
    return [record["id"] for record in data["records"]]


def some(folder: Path, count: int = 3) -> Progress:
    progress = Progress(folder)
    for n in range(count):
        progress.add("answer", f"04.{n}", option=f"option {n}", right=n == 0)
    return progress


def test_records_come_back_in_order_in_another_kernel(tmp_path):
    some(tmp_path).add("task", "04.your_turn", passed=False, gaps=["Company B's p95 is 412 ms."])
    fresh = Progress(tmp_path)
    assert [(r["id"], r["right"]) for r in fresh.records("answer")] == [
        ("04.0", True),
        ("04.1", False),
        ("04.2", False),
    ]
    assert fresh.records("answer", "04.1")[0]["option"] == "option 1"
    assert fresh.records("task")[0]["gaps"] == ["Company B's p95 is 412 ms."]
    assert fresh.notice == ""


def test_reading_alone_leaves_no_trace(tmp_path):
    assert Progress(tmp_path / "new").records("answer") == []
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_the_users_or_the_one_that_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path))
    assert progress_file().path == tmp_path / "progress.json"
    assert progress_file() is progress_file()
    monkeypatch.delenv("PMTECH_HOME")
    assert module.home().name == "pmtech"


@pytest.mark.parametrize("seed", range(6))
def test_a_killed_writer_loses_the_answer_in_flight_at_most(tmp_path, seed):
    # A long file, so that most of the writer's time, and of the kills, falls into reading and writing it.
    module._write(tmp_path / "progress.json", [{"kind": "other", "id": f"old.{n}"} for n in range(5000)])
    process = writer(tmp_path, "w", 10_000)
    told = [int(process.stdout.readline()) for _ in range(3)]
    time.sleep(random.Random(seed).uniform(0, 0.03))
    process.kill()
    told += [int(line) for line in process.communicate()[0].split()]
    kept = ids(tmp_path)[5000:]
    assert kept[: len(told)] == [f"w.{n}" for n in told]
    assert len(kept) <= len(told) + 1
    after = Progress(tmp_path)
    after.add("answer", "next", option="x", right=True)
    assert ids(tmp_path)[5000:] == [*kept, "next"]
    assert after.notice == ""


needs_flock = pytest.mark.skipif(module.fcntl is None, reason="Windows has locks of another kind")


@pytest.mark.parametrize("storage", ["with locks", pytest.param("without locks", marks=needs_flock)])
def test_two_kernels_that_write_at_once_lose_nothing(tmp_path, storage):
    processes = [writer(tmp_path, name, 100, storage) for name in "ab"]
    assert [p.communicate()[0].count("\n") for p in processes] == [100, 100]
    kept = ids(tmp_path)
    for name in "ab":
        assert [i for i in kept if i.startswith(name)] == [f"{name}.{n}" for n in range(100)]
    assert len(kept) == 200


@pytest.mark.parametrize(
    ("damage", "left"),
    [
        (lambda text: text[: text.index("04.2")], ["04.0", "04.1"]),
        (lambda text: text.replace('"04.1"', "04.1"), ["04.0", "04.2"]),
        (lambda text: text.replace("false", "0", 1), ["04.0", "04.2"]),
        (lambda text: text.replace('"records"', '"things"'), ["04.0", "04.1", "04.2"]),
        (lambda text: text.replace('"version": 1', '"version": "one"'), ["04.0", "04.1", "04.2"]),
        (lambda text: "[" * 100_000, []),
        (lambda text: "", []),
        (lambda text: "\0" * len(text), []),
    ],
)
def test_a_damaged_file_is_kept_aside_and_what_can_be_read_is_kept(tmp_path, damage, left):
    some(tmp_path)
    path = tmp_path / "progress.json"
    damaged = damage(path.read_text(encoding="utf-8"))
    path.write_text(damaged, encoding="utf-8")
    progress = Progress(tmp_path)
    assert [r["id"] for r in progress.records("answer")] == left
    [aside] = tmp_path.glob("progress.damaged-*.json")
    assert aside.read_text(encoding="utf-8") == damaged
    assert aside.name in progress.notice
    assert f"{len(left)} records" in progress.notice
    progress.add("answer", "next", option="x", right=True)
    assert ids(tmp_path) == [*left, "next"]
    assert Progress(tmp_path).records("answer", "next") and len(list(tmp_path.glob("progress.damaged-*"))) == 1


def test_a_second_damage_does_not_overwrite_the_first(tmp_path):
    for text in ("one", "two"):
        (tmp_path / "progress.json").write_text(text)
        Progress(tmp_path).add("answer", text, option="x", right=True)
    assert {p.read_text() for p in tmp_path.glob("progress.damaged-*.json")} == {"one", "two"}


def test_a_file_of_a_newer_version_is_left_as_it_is(tmp_path):
    newer = '{"version": 2, "entries": {}}'
    (tmp_path / "progress.json").write_text(newer)
    progress = Progress(tmp_path)
    progress.add("answer", "04.predict", option="x", right=True)
    assert (tmp_path / "progress.json").read_text() == newer
    assert "newer" in progress.notice
    assert len(progress.records("answer")) == 1


def test_where_nothing_can_be_written_answers_stay_in_memory(tmp_path):
    (tmp_path / "file").write_text("a file where a folder should be")
    progress = some(tmp_path / "file" / "home")
    assert len(progress.records("answer")) == 3
    assert "cannot be saved" in progress.notice


def test_answers_of_a_full_disk_are_saved_when_there_is_room_again(tmp_path, monkeypatch):
    progress = some(tmp_path, 1)

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(module.os, "fsync", full)
        progress.add("answer", "later", option="x", right=True)
        assert os.strerror(errno.ENOSPC) in progress.notice
        assert ids(tmp_path) == ["04.0"]
        assert len(progress.records("answer")) == 2
    progress.add("answer", "last", option="x", right=True)
    assert ids(tmp_path) == ["04.0", "later", "last"]
    assert progress.notice == ""


def test_a_lock_that_is_never_released_is_a_sentence_not_a_hang(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LOCK_PATIENCE_S", 0.05)
    progress = Progress(tmp_path)
    with module._lock(tmp_path / "progress.lock"):
        progress.add("answer", "04.predict", option="x", right=True)
    assert "another notebook" in progress.notice
    progress.add("answer", "04.break", option="x", right=True)
    assert ids(tmp_path) == ["04.predict", "04.break"]


@needs_flock
def test_a_claim_of_a_dead_program_does_not_stand_in_the_way_for_ever(tmp_path, monkeypatch):
    """Storage without locks: whoever was killed cannot take back what says that it is at work."""

    def no_locks(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(module.fcntl, "flock", no_locks)
    claim = tmp_path / "progress.claim"
    claim.touch()
    with monkeypatch.context() as patch:
        patch.setattr(module, "LOCK_PATIENCE_S", 0.05)
        os.utime(claim, (time.time() + 1000,) * 2)  # just made, whatever the clock does
        progress = some(tmp_path, 1)
        assert "another notebook" in progress.notice
    os.utime(claim, (time.time() - 1000,) * 2)
    progress.add("answer", "next", option="x", right=True)
    assert ids(tmp_path) == ["04.0", "next"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["progress.json", "progress.lock"]


def test_a_damaged_file_on_a_full_disk_does_not_multiply(tmp_path, monkeypatch):
    some(tmp_path)
    path = tmp_path / "progress.json"
    damaged = path.read_text(encoding="utf-8").replace('"04.1"', "04.1")
    path.write_text(damaged, encoding="utf-8")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(module, "_write", full)  # there was room for the copy, and then no more
        for _ in range(5):
            assert [r["id"] for r in Progress(tmp_path).records("answer")] == ["04.0", "04.2"]
    [aside] = tmp_path.glob("progress.damaged-*.json")
    with monkeypatch.context() as patch:
        patch.setattr(module.os, "fsync", full)  # not even for that
        aside.unlink()
        for _ in range(5):
            progress = Progress(tmp_path)
            assert [r["id"] for r in progress.records("answer")] == ["04.0", "04.2"]
            assert "damaged" in progress.notice
    assert {path.name for path in tmp_path.iterdir()} == {"progress.json", "progress.lock"}
    assert path.read_text(encoding="utf-8") == damaged
    progress.add("answer", "next", option="x", right=True)
    assert ids(tmp_path) == ["04.0", "04.2", "next"]


@pytest.mark.parametrize("instead", ["", " ", '"', "{", "}", "\\", "\n", "\0"])
def test_damage_at_any_place_costs_the_records_it_touches(tmp_path, instead):
    """One character costs at most the record in which it stands."""
    some(tmp_path).add("task", "04.your_turn", passed=False, gaps=['so {far} "off"'])
    path = tmp_path / "progress.json"
    text = path.read_text(encoding="utf-8")
    whole = Progress(tmp_path).records("answer") + Progress(tmp_path).records("task")
    for place in range(len(text)):
        path.write_text(text[:place] + instead + text[place + 1 :], encoding="utf-8")
        records, _ = module._read(path)
        assert len([record for record in records if record in whole]) >= len(whole) - 1, place


@pytest.mark.parametrize("rubbish", ["{", '{"', '{"a":', '{\\"', '{"\\"', "{}", "[", '{"kind": "answer",\n'])
def test_a_large_damaged_file_is_gone_through_once(tmp_path, rubbish):
    """Megabytes of it: were each piece read to the end, this test would not come back."""
    some(tmp_path, 1)
    path = tmp_path / "progress.json"
    record = path.read_text(encoding="utf-8").splitlines()[1]
    path.write_text(f"{rubbish * 100_000}\n{record}\n{rubbish * 100_000}", encoding="utf-8")
    assert [r["id"] for r in Progress(tmp_path).records("answer")] == ["04.0"]


@pytest.mark.parametrize("named", ["", "~nobody-of-this-name/answers"])
def test_where_no_home_is_known_answers_stay_in_memory(tmp_path, monkeypatch, named):
    monkeypatch.setenv("PMTECH_HOME", named)
    monkeypatch.chdir(tmp_path)
    if not named:

        def unknown(path):
            raise RuntimeError("Could not determine home directory.")

        monkeypatch.setattr(Path, "expanduser", unknown)
    progress = progress_file()
    progress.add("answer", "04.predict", option="x", right=True)
    assert len(progress.records("answer")) == 1
    assert progress.notice == (
        "Your answers cannot be saved (no home folder is known here; PMTECH_HOME can name a folder): "
        "the course goes on, and they are kept until the kernel stops."
    )
    assert list(tmp_path.iterdir()) == []
    module._open.clear()


# --- the map ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path, monkeypatch):
    monkeypatch.setenv("PMTECH_HOME", str(tmp_path / "home"))
    for file in ("04_throttling_vs_rate_limiting.ipynb", "00_start_here.ipynb", "notes.ipynb"):
        (tmp_path / file).write_text("{}")
    monkeypatch.setattr(course_map, "lesson_folders", lambda: [tmp_path])


def test_the_map_shows_the_lessons_that_are_there_in_order(course):
    shown = course_map.progress()
    assert [lesson.number for lesson in shown.lessons] == ["00", "04"]
    assert [lesson.done for lesson in shown.lessons] == ["not begun", "not begun"]
    assert '<a href="04_throttling_vs_rate_limiting.ipynb">' in shown._repr_html_()
    assert "caching" not in repr(shown).lower()


def test_the_map_tells_a_new_edition_from_the_earlier_one(course, tmp_path):
    for file in ("04_throttling_vs_rate_limiting-2.ipynb", "04_throttling_vs_rate_limiting-Copy1.ipynb"):
        (tmp_path / file).write_text("{}")
    shown = course_map.progress()
    assert [(lesson.file, lesson.earlier) for lesson in shown.lessons] == [
        ("00_start_here.ipynb", ()),
        ("04_throttling_vs_rate_limiting-2.ipynb", ("04_throttling_vs_rate_limiting.ipynb",)),
    ]
    html = shown._repr_html_()
    assert '<a href="04_throttling_vs_rate_limiting-2.ipynb">Three customers' in html
    earlier = "04_throttling_vs_rate_limiting.ipynb"
    assert f'new edition; the earlier one: <a href="{earlier}">{earlier}</a>' in html
    assert f"new edition in 04_throttling_vs_rate_limiting-2.ipynb; the earlier one in {earlier}" in repr(shown)


def test_the_map_counts_first_answers_and_passed_tasks(course):
    record = progress_file()
    record.add("answer", "04.predict", option="x", right=False)
    record.add("answer", "04.predict", option="y", right=True)
    record.add("answer", "04.break", option="y", right=True)
    record.add("task", "04.your_turn", passed=True, gaps=[])
    record.add("task", "04.your_turn", passed=False, gaps=["later, worse"])
    lesson = course_map.progress().lessons[1]
    assert (lesson.answered, lesson.right_at_first, lesson.passed, lesson.done) == (2, 1, 1, "begun")
    assert "2 of 7 questions answered, 1 right at the first try, “Your turn” passed" in repr(course_map.progress())


def test_what_going_further_asks_counts_when_it_is_answered(course, tmp_path):
    (tmp_path / "04_throttling_vs_rate_limiting.ipynb").write_text('ask("04.predict") ## Going further ask("04.edge")')
    assert "0 of 6 questions answered" in repr(course_map.progress("04"))
    assert "Your predictions: 2 not made." in repr(course_map.progress("04"))
    progress_file().add("answer", "04.edge", option="x", right=True)
    assert "1 of 7 questions answered" in repr(course_map.progress("04"))


def test_a_lesson_is_done_when_all_is_answered_and_passed(course):
    for id in all_questions():
        progress_file().add("answer", id, option="x", right=False)
    for id in all_tasks():
        progress_file().add("task", id, passed=True, gaps=[])
    assert [lesson.done for lesson in course_map.progress().lessons] == ["done", "done"]


def test_the_map_counts_the_meetings_that_were_decided(course, tmp_path):
    (tmp_path / "15_the_meeting.ipynb").write_text("{}")
    progress_file().add("meeting", "15.review", said=["Why?"], lost=None)
    assert "0 of 3 meetings held" in repr(course_map.progress())
    progress_file().add("meeting", "15.review", said=["Why?", "We wait."], lost=1200)
    progress_file().add("meeting", "15.review", said=[], lost=None)  # begun again
    lesson = course_map.progress().lessons[-1]
    assert "1 of 3 meetings held" in lesson.detail and lesson.done == "begun"
