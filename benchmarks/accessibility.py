"""axe on every lesson after Run All, with whatever folds open: light and dark, at 1280 x 720, of the course's own parts of the page;
whether it fits a window at 200 % zoom; and whether anything moves for somebody who wants no motion.

    python benchmarks/accessibility.py [lesson ...]

Told: each kind of violation, how grave it is, and where it stands. Exit status 1 where there is any.
"""

import shutil
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "browser"))
from jupyter_page import JupyterServer, LabPage, find_chromium  # noqa: E402

from conftest import CHROMIUM_OPTIONS  # noqa: E402

NORMAL, ZOOMED = {"width": 1280, "height": 720}, {"width": 640, "height": 360}
OURS = ".jp-Notebook .pmtech, .jp-Notebook .jp-RenderedMarkdown, .pmtech-rail"  # the rest is JupyterLab's
# What is out of sight is not laid out anew in a window of another size: all of it is in sight.
OPEN = """() => { document.querySelectorAll('.jp-Notebook details').forEach((one) => { one.open = true });
    const { content } = window.jupyterapp.shell.currentWidget;
    content.notebookConfig = { ...content.notebookConfig, windowingMode: 'none' } }"""
# A page at 200 % has half of the room: what is wider has to scroll by itself, as a table or a drawing may.
WIDE = """() => [...document.querySelectorAll('.jp-Notebook .pmtech, .jp-Notebook .jp-RenderedMarkdown')].flatMap((part) =>
    [part, ...part.querySelectorAll('*')].filter((one) => {
        const beyond = one.getBoundingClientRect().right - part.parentElement.getBoundingClientRect().right > 2;
        const scrolls = (up) => up && up !== part.parentElement && (getComputedStyle(up).overflowX !== 'visible' || scrolls(up.parentElement));
        return beyond && one.checkVisibility() && !scrolls(one.parentElement);
    }).slice(0, 1).map((one) => one.outerHTML.slice(0, 140)))"""
MOVES = """() => document.getAnimations().filter(({ effect, playState }) => playState === 'running' && effect.target?.closest('.pmtech'))
    .map(({ effect }) => effect.target.outerHTML.slice(0, 140))"""


def violations(lab: LabPage) -> list[tuple[str, str, str]]:
    """(kind, gravity, where) of each element that axe complains of; a part at a time, as `context` takes one selector."""
    found = []
    for part in OURS.split(", "):
        if lab.page.locator(part).count():
            for one in Axe().run(lab.page, context=part).response["violations"]:
                found += [(one["id"], one["impact"] or "", f"{node['html'][:140]}") for node in one["nodes"]]
    return found


def main(wanted: list[str]) -> int:
    lessons = sorted(path.name for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
    seen: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = JupyterServer(Path(folder))
        try:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_OPTIONS)
            context = browser.new_context(viewport=NORMAL, service_workers="block", reduced_motion="reduce")
            context.set_default_timeout(180_000)
            shutil.copytree(
                ROOT / "notebooks", server.folder / "all", ignore=shutil.ignore_patterns(".*"), dirs_exist_ok=True
            )
            lab = LabPage(server, context).begin("all", Path(folder))
            for lesson in (name for name in lessons if not wanted or name[:2] in wanted):
                lab.open(lesson, sidebar=False).run_all().ready()
                lab.page.evaluate(OPEN)
                lab.wait_idle(quiet_ms=500)
                for kind, size, found in (("moves", NORMAL, MOVES), ("too wide at 200 %", ZOOMED, WIDE)):
                    lab.page.set_viewport_size(size)
                    lab.wait_idle(quiet_ms=500)
                    for where in lab.page.evaluate(found):
                        seen[kind, "ours"][where].add(lesson[:2])
                lab.page.set_viewport_size(NORMAL)
                for theme in ("light", "dark"):
                    for kind, impact, where in violations(lab.set_theme(theme)):
                        seen[kind, impact][where].add(f"{lesson[:2]} {theme}")
                print(f"{lesson}: seen", flush=True)
                lab.leave()
        finally:
            server.stop()
    for (kind, impact), places in sorted(seen.items()):
        print(f"\n{kind} ({impact}), {len(places)} places")
        for where, lessons_of in sorted(places.items()):
            print(f"    {', '.join(sorted(lessons_of))}: {where}")
    return bool(seen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
