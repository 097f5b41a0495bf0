"""A hub as deploy/ sets it up: learners sign in, each at home in a place of their own, and nothing is lost when parts of it die.

Needs JupyterHub (the extra `hub`) and its proxy (npm install configurable-http-proxy, found on the path or as PMTECH_HUB_PROXY).
"""

from __future__ import annotations

import asyncio
import json

import pytest
import yaml
from hub_class import PROXY, ROOT, Hub, Learner, may_mount, until

from pmtech.course.exercises.questions import question
from pmtech.course.way.editions import shipped

CHECK = question("05.check.1")
ANSWER = f"from pmtech import ask\npanel = ask({CHECK.id!r})\npanel.value = {CHECK.options.index(CHECK.right)}\npanel.commit()"
TOO_MUCH = "try:\n    bytearray(3 * 2**30)\nexcept MemoryError:\n    print('refused')"


@pytest.fixture
def hub(tmp_path):
    pytest.importorskip("jupyterhub")
    if not PROXY:
        pytest.skip("the hub's proxy is not installed: npm install configurable-http-proxy")
    hub = Hub(tmp_path, disk="24M" if may_mount(tmp_path) else None)
    yield hub
    hub.end()


FULL = """
from itertools import count
for size in (2**16, 1):  # a file system keeps a last corner for small files
    try:
        for n in count():
            with open(f"full-{size}-{n}", "wb") as full:
                full.write(bytes(size))
    except OSError as problem:
        print(problem.strerror)
"""
EMPTIED = "from pathlib import Path\nfor full in Path().glob('full-*'): full.unlink()"


def fill_the_disk(learner: Learner) -> None:
    """A learner's disk is full: it is said, the answer is not lost, a kernel starts all the same, and others notice nothing."""
    full = 2 * "No space left on device\n"
    said = asyncio.run(learner.run(f"{FULL}{ANSWER}\nprint(panel.notice, panel.committed)"))
    assert said.startswith(full)
    said = said.removeprefix(full)
    assert said.startswith("Your answers cannot be saved") and said.endswith("kept until the kernel stops. True\n")
    assert learner.ask("POST", "kernels", json={"name": "python3"})["id"]
    asyncio.run(learner.run(EMPTIED, ANSWER.replace(CHECK.id, "05.check.2")))
    assert [record["id"] for record in answers(learner)] == [CHECK.id, "05.check.2"]


def answers(learner: Learner) -> list[dict]:
    return json.loads((learner.home / ".local/share/pmtech/progress.json").read_text())["records"]


def test_a_class_on_a_hub_loses_nothing(hub):
    ann, bob = Learner(hub, "ann"), Learner(hub, "bob")
    for learner in (ann, bob):
        lessons = {path.name for path in (learner.home / "pmtech-lessons").glob("*.ipynb")}
        assert lessons == {path.name for path in shipped().glob("*.ipynb")}
        assert learner.home.stat().st_mode & 0o077 == 0
    asyncio.run(bob.run("import os; mine = 'still here'"))
    assert asyncio.run(bob.run(TOO_MUCH)) == "refused\n"
    until(lambda: hub.board()["seats"] == 2)  # without joining

    assert hub.lead("POST", "rounds", json={"question": CHECK.id}).status_code == 201
    asyncio.run(
        ann.run(
            "import time\nfrom pmtech.room import join as room",
            "while not room._seat._room.get('question'): time.sleep(0.1)",
        )
    )
    asyncio.run(ann.run(ANSWER))
    until(lambda: hub.board()["voted"] == 1)
    assert [record["id"] for record in answers(ann)] == [CHECK.id]
    assert not (bob.home / ".local/share/pmtech/progress.json").exists()

    with pytest.raises(AssertionError, match="the kernel has died"):
        asyncio.run(ann.run("import os; os.kill(os.getpid(), 9)"))
    assert asyncio.run(ann.run("from pmtech import ask", f"print(ask({CHECK.id!r}).committed)")) == "True\n"

    if limited := bob.home.is_mount():
        fill_the_disk(bob)

    hub.stop()
    hub.start()
    assert asyncio.run(bob.run("print(mine)")) == "still here\n"
    assert hub.board()["voted"] == 1 + limited
    assert ann.ask("GET", "contents/05_scaling.ipynb?content=0")["name"] == "05_scaling.ipynb"


def test_the_image_and_the_lists_say_the_same():
    """One list of dependencies: image, Binder and hub install what pyproject.toml and constraints.txt say."""
    for path in ("Dockerfile", "binder/postBuild"):
        text = (ROOT / path).read_text()
        assert "constraints.txt" in text and "==" not in text
    values = yaml.safe_load((ROOT / "deploy" / "values.yaml").read_text())
    assert values["singleuser"]["cmd"] == ["python", "/srv/pmtech/deploy/learner.py"]
    assert "COPY" in (ROOT / "Dockerfile").read_text() and "/srv/pmtech" in (ROOT / "Dockerfile").read_text()
