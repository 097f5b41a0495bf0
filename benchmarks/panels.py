"""How fast does a panel stand, and how fast does it follow its slider? Against plotly's FigureWidget, in one run.

JupyterLab is started on a free loopback port and driven in headless Chromium (`PMTECH_CHROMIUM` or the one that is
found). Prints, in ms: from Shift+Enter to the frame that shows the chart, imports included, on a fresh kernel; the same
for three further ones; from a key on the slider to the frame that shows the moved line (nothing is computed, a line of
60 points is redrawn), median and p95 of 40 moves; and the ratios.

`lessons`: the what-if panels as the lessons use them. For each `explore` with a slider, in its own notebook: from a key
on the slider to the frame with its chart, median and p95 of 30 moves, and how the median parts (in the kernel: the run,
the figure, the sentences, what else; then the way there and back with the drawing); then five fast drags, 30 inputs in
a second: from the last input to its chart, and the gaps between charts meanwhile. Goal: 100 ms at p95 with 5,000
requests simulated anew.

    python benchmarks/panels.py [lessons]
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path

import nbformat.v4 as nb
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from jupyter_page import JupyterServer, LabPage, find_chromium  # noqa: E402

from conftest import CHROMIUM_OPTIONS  # noqa: E402

MOVES = 40

EXPLORE = """
from pmtech import Clients, Server, Slider, explore
shop = Clients("Shoppers", rate_per_s=60) >> Server(workers=8)
explore(shop, Slider("shoppers.rate_per_s", 0, 150))
"""
PROBE = """
import traitlets
from pmtech.panels.widget import Panel

class Probe(Panel):
    level = traitlets.Int(5).tag(sync=True)
    figure = traitlets.Dict().tag(sync=True)
    _esm = '''
function render({ model, el }) {
  const range = h("input", { type: "range", min: 0, max: 100, value: 5 });
  range.addEventListener("input", () => { model.set("level", Number(range.value)); model.save_changes(); });
  const plot = h("div", { style: "height: 300px" });
  el.append(range, plot);
  const drawing = chart(model, plot);
  model.on("change:figure", () => drawing.draw(model.get("figure")));
  drawing.draw(model.get("figure"));
  return drawing.stop;
}
'''
    @traitlets.observe("level")
    def redraw(self, _=None):
        line = {"type": "scatter", "y": [self.level * x % 17 for x in range(60)]}
        self.figure = {"data": [line], "layout": {"yaxis": {"range": [0, 17]}}}

probe = Probe()
probe.redraw()
probe
"""
FIGURE_WIDGET = """
import ipywidgets
import plotly.graph_objects as go

figure = go.FigureWidget(
    data=[go.Scatter(y=[5 * x % 17 for x in range(60)])], layout={"yaxis": {"range": [0, 17]}, "height": 300}
)
slider = ipywidgets.IntSlider(5, 0, 100)

def redraw(change):
    with figure.batch_update():
        figure.data[0].y = [change.new * x % 17 for x in range(60)]

slider.observe(redraw, "value")
ipywidgets.VBox([slider, figure])
"""

WATCH = """(cell) => {
    // Resolves with the ms from the next key to the frame in which the line in this cell is drawn, or drawn anew.
    const root = document.querySelectorAll('.jp-Notebook .jp-Cell')[cell];
    const line = () => root.querySelector('.jp-OutputArea .scatterlayer path.js-line')?.getAttribute('d');
    window.frame = new Promise((resolve) => {
        document.addEventListener('keydown', () => {
            const begin = performance.now(), before = line();
            const look = new MutationObserver(() => {
                if (!line() || line() === before) return;
                look.disconnect();
                requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begin)));
            });
            look.observe(root, { childList: true, subtree: true, attributes: true });
        }, { once: true, capture: true });
    });
}"""


def after_key(page, cell: int, key: str) -> float:
    page.evaluate(WATCH, cell)
    page.keyboard.press(key)
    return page.evaluate("() => window.frame")


def shows(lab: LabPage, name: str, first: str, further: str) -> tuple[float, list[float]]:
    """ms from Shift+Enter to the chart, for the first cell of a fresh kernel and three further ones."""
    cells = [nb.new_code_cell(source) for source in (first, further, further, further)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    (lab.server.folder / name).write_text(nb.writes(nb.new_notebook(cells=cells, metadata=kernel)))
    lab.open(name)
    took = []
    for number in range(len(cells)):
        lab.page.locator(".jp-Notebook .jp-Cell").nth(number).locator(".jp-InputArea-editor").click()
        took.append(after_key(lab.page, number, "Control+Enter"))
        lab.wait_idle()
    return took[0], took[1:]


def follows(lab: LabPage, handle: str) -> list[float]:
    """ms from an arrow key on the last slider to the redrawn line."""
    lab.page.locator(handle).last.focus()
    took = []
    for _ in range(MOVES):
        took.append(after_key(lab.page, 3, "ArrowRight"))
        lab.page.wait_for_timeout(50)
    return took


# ---- the lessons -------------------------------------------------------------------------------------------------------

LESSONS = [
    path for path in sorted((ROOT / "notebooks").glob("*.ipynb")) if "explore(" in path.read_text(encoding="utf-8")
]
TIMED = """
import functools, json, time
import pmtech.panels.explore as panel
spent = {}

def timed(name, function):
    @functools.wraps(function)
    def run(*args, **how):
        began = time.perf_counter()
        try:
            return function(*args, **how)
        finally:
            spent[name] = spent.get(name, 0) + 1000 * (time.perf_counter() - began)
    return run

def wished(self, change, answer=timed("kernel", panel.Explore._wished)):
    spent.clear()
    answer(self, change)
    sent = len(json.dumps(self.answer)) / 1000
    with open("timings.jsonl", "a") as file:
        print(json.dumps({**spent, "requests": len(self.result.records.arrived_s), "kB": sent}), file=file)

panel.simulate = timed("run", panel.simulate)
panel.charts.CHARTS.update({name: timed("figure", draw) for name, draw in panel.charts.CHARTS.items()})
panel.Result.explain = timed("sentences", panel.Result.explain)
panel.Explore._wished = wished
"""
PAINTS = """(plot) => {
    window.paints = [];
    let due = false;
    const painted = () => {
        due = false;
        paints.push(performance.now());
        window.tell?.(performance.now() - window.pressed);
    };
    new MutationObserver(() => (due ||= Boolean(requestAnimationFrame(() => setTimeout(painted)))))
        .observe(plot, { childList: true, subtree: true, attributes: true });
    document.addEventListener('keydown', () => (window.pressed = performance.now()), { capture: true });
}"""
DRAG = """async (range, inputs) => {
    const [low, high] = [Number(range.min), Number(range.max)];
    paints.length = 0;
    const up = Number(range.value) < (low + high) / 2;
    let last;
    for (let n = 1; n <= inputs; n++) {
        range.value = up ? low + (high - low) * n / inputs : high - (high - low) * n / inputs;
        last = performance.now();
        range.dispatchEvent(new Event('input', { bubbles: true }));
        if (n < inputs) await new Promise((next) => setTimeout(next, 1000 / inputs));
    }
    let seen;
    do { seen = paints.length; await new Promise((next) => setTimeout(next, 1000)) } while (paints.length > seen);
    return [paints.at(-1) - last, paints.slice(1).map((at, n) => at - paints[n])];
}"""


def spread(took: list[float]) -> str:
    return f"{statistics.median(took):4.0f} / {sorted(took)[int(0.95 * len(took))]:4.0f}"


def lessons() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = JupyterServer(Path(folder))
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_OPTIONS)
        print(f"{'panel':34}{'requests':>9}{'key':>12}   run figure sentences else rest{'drag':>13}{'gaps':>12}    kB")
        try:
            for path in LESSONS:
                lesson = nb.reads(path.read_text(encoding="utf-8"))
                lesson.cells.insert(1, nb.new_code_cell(TIMED))  # the first is what makes it a lesson
                (server.folder / path.name).write_text(nb.writes(lesson))
                context = browser.new_context(viewport={"width": 1280, "height": 720})
                context.set_default_timeout(180_000)
                lab = LabPage(server, context).begin(".", Path(folder))
                lab.open(path.name, sidebar=False).run_all().command("notebook:expand-all-headings")
                for panel in lab.page.locator(".pmtech-explore", has=lab.page.locator("input[type=range]")).all():
                    print(panel_of(lab, path.name[:3], panel, server.folder / "timings.jsonl"), flush=True)
                context.close()
                server.end_sessions()
        finally:
            browser.close()
            server.stop()


def panel_of(lab: LabPage, lesson: str, panel, timings: Path) -> str:
    """Measure the first slider of one panel: a line of figures."""
    lab.wait_idle(1000)
    slider = panel.locator("input[type=range]").first
    slider.scroll_into_view_if_needed()
    panel.locator(".pmtech-plot .main-svg").first.wait_for()
    panel.locator(".pmtech-plot").evaluate(PAINTS)
    slider.focus()
    value, low, high, step = slider.evaluate("(range) => [range.value, range.min, range.max, range.step].map(Number)")
    at, last, way = round((value - low) / step), round((high - low) / step), -1
    timings.unlink(missing_ok=True)
    keys = []
    for _ in range(30):
        way = way if 0 <= at + way <= last else -way  # a key at the end of a slider changes nothing
        at += way
        # Told by the page: to look again and again whether it is there would itself draw frames.
        lab.page.evaluate("() => void (window.told = new Promise((resolve) => (window.tell = resolve)))")
        lab.page.keyboard.press("ArrowRight" if way > 0 else "ArrowLeft")
        keys.append(lab.page.evaluate("() => window.told"))
        lab.page.wait_for_timeout(100)
    spent = [json.loads(line) for line in timings.read_text().splitlines()]
    run, figure, sentences, kernel, requests, size = (
        statistics.median(one[part] for one in spent)
        for part in ("run", "figure", "sentences", "kernel", "requests", "kB")
    )
    drags = [slider.evaluate(DRAG, 30) for _ in range(5)]
    name = f"{lesson}{panel.locator('label').first.inner_text()}"
    return (
        f"{name:34}{requests:9,.0f}{spread(keys):>12}{run:6.0f}{figure:7.0f}{sentences:10.0f}"
        f"{kernel - run - figure - sentences:5.0f}{statistics.median(keys) - kernel:5.0f}"
        f"{spread([after for after, _ in drags]):>13}{spread([gap for _, gaps in drags for gap in gaps]):>12}{size:6.0f}"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = JupyterServer(Path(folder))
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_OPTIONS)
        figures = {}
        try:
            for name, first, further, handle in (
                ("explore", EXPLORE, EXPLORE.strip().splitlines()[-1], None),
                ("panel, bare", PROBE, "p = Probe()\np.redraw()\np", "input[type=range]"),
                ("FigureWidget", FIGURE_WIDGET, FIGURE_WIDGET, ".noUi-handle"),
            ):
                context = browser.new_context(viewport={"width": 1280, "height": 720})
                lab = LabPage(server, context).begin(".", Path(folder))
                cold, warm = shows(lab, f"{name.split(',')[0]}.ipynb", first, further)
                moves = follows(lab, handle) if handle else None
                figures[name] = cold, statistics.median(warm), statistics.median(moves) if moves else None
                line = f"{name:14} first {cold:6.0f}   further {' '.join(f'{ms:5.0f}' for ms in warm)}"
                if moves:
                    line += f"   slider {statistics.median(moves):4.0f} / {sorted(moves)[int(0.95 * MOVES)]:4.0f}"
                print(line, flush=True)
                context.close()
                server.end_sessions()
        finally:
            browser.close()
            server.stop()
        (cold, warm, moved), (other_cold, other_warm, other_moved) = figures["panel, bare"], figures["FigureWidget"]
        print(
            f"FigureWidget takes {other_cold / cold:.1f} times as long for the first chart, "
            f"{other_warm / warm:.1f} for a further one, {other_moved / moved:.1f} to follow the slider."
        )


if __name__ == "__main__":
    lessons() if sys.argv[1:] == ["lessons"] else main()
