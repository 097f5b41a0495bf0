"""How fast does a sketch of forty parts, asked 200 times a second, follow a slider?

JupyterLab is started on a free loopback port and driven in headless Chromium, as in `panels.py`. Prints, in ms: from a key
on a slider to the frame with the picture that it changed, median and p95 of 40 moves. Goal: 150 ms at p95.

    python benchmarks/sketch.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import nbformat.v4 as nb
from panels import CHROMIUM_OPTIONS, MOVES, PAINTS, JupyterServer, LabPage, find_chromium, spread
from playwright.sync_api import sync_playwright

SKETCH = """
from pmtech import Cache, Clients, Database, Gateway, Server, sketch
shop = Clients("Shoppers", rate_per_s=200, endpoints={f"/{n}": 1 for n in range(13)}) >> Gateway() >> {
    f"/{n}": Server(f"Service {n}", workers=4) >> Cache(f"Cache {n}") >> Database(f"Database {n}") for n in range(13)
}
assert len(shop.components) == 41
sketch(shop)
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = JupyterServer(Path(folder))
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_OPTIONS)
        try:
            kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
            notebook = nb.new_notebook(cells=[nb.new_code_cell(SKETCH)], metadata=kernel)
            (server.folder / "sketch.ipynb").write_text(nb.writes(notebook))
            lab = LabPage(server, browser.new_context(viewport={"width": 1280, "height": 720})).begin(".", Path(folder))
            lab.open("sketch.ipynb").run_all()
            lab.page.locator(".sk-box").nth(2).click()
            lab.wait_idle(1000)
            lab.page.locator(".sk-sheet").evaluate(PAINTS)
            lab.page.locator(".sk-side input[type=range]").first.focus()
            took = []
            for n in range(MOVES):
                lab.page.evaluate("() => void (window.told = new Promise((resolve) => (window.tell = resolve)))")
                lab.page.keyboard.press("ArrowLeft" if n % 2 else "ArrowRight")
                took.append(lab.page.evaluate("() => window.told"))
                lab.wait_idle(200)
            print(f"from a key to the picture of 41 parts, ms, median / p95: {spread(took)}")
        finally:
            browser.close()
            server.stop()


if __name__ == "__main__":
    main()
