"""A learner's JupyterLab on a hub, as the hub starts it: the lessons in the learner's home, set up as `pmtech lab` does."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from jupyterhub.singleuser import main

from pmtech.course.way.editions import editions, lay_new_editions
from pmtech.install.cli import START, copy_lessons
from pmtech.install.lab import use_settings

if __name__ == "__main__":
    lessons = Path.home() / "pmtech-lessons"
    with suppress(OSError):  # on a disk that is full, what is there opens: how else would it be emptied?
        copy_lessons(lessons)
        lay_new_editions(lessons)
    use_settings()
    first = editions(lessons, START)[-1].name
    idle = ["--MappingKernelManager.cull_idle_timeout=3600", "--MappingKernelManager.cull_interval=300"]
    page = [f"--ServerApp.root_dir={lessons}", f"--ServerApp.default_url=/lab/tree/{first}"]
    root = ["--allow-root"] if os.geteuid() == 0 else []  # in a trial in a container everyone is root
    sys.exit(main([*sys.argv[1:], *page, *idle, *root]))
