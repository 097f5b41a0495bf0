"""How smooth is a live panel in a real JupyterLab: charts and frames a second, and how soon a slider is seen.

200 simulated requests a second at ten times their speed, headless Chromium without a GPU. Prints; asserts nothing.
Then the memory of an hour at 200 requests a second.

    python benchmarks/live.py [page|memory|all]
"""

from __future__ import annotations

import gc
import statistics
import sys
import tempfile
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))

CELL = """
from pmtech import Clients, LoadBalancer, Server, Database, Slider
from pmtech.panels.live import live
system = (Clients(rate_per_s=200) >> LoadBalancer() >> Server(replicas=4, workers=8, service_ms=100)
          >> Database(connections=20, query_ms=20))
panel = live(system, Slider("clients.rate_per_s", 100, 300, step=5, label="Clients send"), speed=10)
panel
"""

# Counts frames by the clearing of canvases, and sees the words of a change when they are drawn.
PROBE = """
window.probe = { frames: [], charts: [], news: 0, wanted: null, seen: null };
const clear = CanvasRenderingContext2D.prototype.clearRect;
CanvasRenderingContext2D.prototype.clearRect = function (...all) {
  if (this.canvas.className === "pmtech-front") probe.frames.push(performance.now());
  if (this.canvas.className === "pmtech-strips") probe.charts.push(performance.now());
  return clear.apply(this, all);
};
const fill = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...all) {
  if (probe.wanted && String(text).includes(probe.wanted) && !probe.seen) requestAnimationFrame(() => (probe.seen = performance.now()));
  return fill.call(this, text, ...all);
};
"""

TURN = """
(value) => new Promise((done) => {
  const range = document.querySelector(".pmtech-live input[type=range]");
  Object.assign(probe, { wanted: `: ${value} /s`, seen: null });
  const begin = performance.now();
  range.value = value;
  range.dispatchEvent(new Event("input", { bubbles: true }));
  const look = () => (probe.seen ? done(probe.seen - begin) : performance.now() - begin > 3000 ? done(3000) : setTimeout(look, 1));
  look();
})
"""


def smoothness() -> None:
    import nbformat.v4 as nb
    from jupyter_page import JupyterServer, LabPage, find_chromium
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        server = JupyterServer(Path(folder))
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
                )
                context = browser.new_context(viewport={"width": 1280, "height": 720})
                context.add_init_script(PROBE)
                (server.folder / "x").mkdir(parents=True)
                kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
                notebook = nb.new_notebook(cells=[nb.new_code_cell(CELL)], metadata=kernel)
                (server.folder / "x" / "live.ipynb").write_text(nb.writes(notebook))
                lab = LabPage(server, context).begin("x", Path(folder))
                lab.open("live.ipynb", sidebar=False).run_all()
                page = lab.page
                page.click(".pmtech-play")
                page.wait_for_timeout(5000)
                page.evaluate("Object.assign(probe, { frames: [], charts: [] })")
                before = page.locator(".pmtech-clock").inner_text()
                page.wait_for_timeout(10_000)
                after = page.locator(".pmtech-clock").inner_text()
                frames, charts = page.evaluate("[probe.frames, probe.charts]")
                gaps = sorted(b - a for a, b in zip(frames, frames[1:], strict=False))
                print(f"ten seconds of playing: {before} -> {after}")
                print(
                    f"theatre: {len(frames) / 10:.1f} frames a second, p95 of the time between two {gaps[int(0.95 * len(gaps))]:.0f} ms (goal 50 a second)"
                )
                print(f"chart: {len(charts) / 10:.1f} updates a second (goal 20)")
                took = []
                for n in range(40):
                    took.append(page.evaluate(TURN, 100 + 5 * (7 * n % 40)))
                    page.wait_for_timeout(130 + 37 * (n % 5))
                took.sort()
                print(
                    f"slider to visible change: median {statistics.median(took):.0f} ms, p95 {took[37]:.0f} ms (goal 200)"
                )
                browser.close()
        finally:
            server.stop()


def memory(hours: float = 1.0) -> None:
    from pmtech import Clients, Database, LoadBalancer, Server
    from pmtech.panels.live.live import live

    system = Clients(rate_per_s=200) >> LoadBalancer() >> Server(replicas=4, workers=8, service_ms=100) >> Database()
    panel = live(system, speed=10)
    me = psutil.Process()
    panel.advance(120)
    gc.collect()
    start = me.memory_info().rss
    most = start
    while panel.now < hours * 3600:
        panel.advance(0.35)
        most = max(most, me.memory_info().rss)
    print(
        f"memory: {start / 1e6:.0f} MB after two minutes, at most {(most - start) / 1e6:.0f} MB more in {hours:g} h at 200 a second (goal 100)"
    )


if __name__ == "__main__":
    what = sys.argv[1] if len(sys.argv) > 1 else "all"
    if what in ("all", "page"):
        smoothness()
    if what in ("all", "memory"):
        memory()
