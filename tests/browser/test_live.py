"""The live panel and the theatre in a real JupyterLab: played, turned, stepped, killed, scrubbed, exported."""

from __future__ import annotations

import re

import nbformat.v4 as nb
import pytest
from jupyter_page import NOTEBOOK
from playwright.sync_api import expect

from pmtech import Clients, Outage, Server, simulate
from pmtech.panels.live.theatre import theatre

SET_UP = (
    "from pmtech import Clients, LoadBalancer, Outage, Server, Slider, simulate\n"
    "from pmtech.panels.live.live import live\n"
    "from pmtech.panels.live.theatre import theatre\n"
    'shop = Clients("Customers", rate_per_s=15) >> LoadBalancer() >> Server(workers=2, replicas=2, service_ms=200)'
)
LIVE = 'panel = live(shop, Slider("customers.rate_per_s", 5, 60, step=5, label="Customers send"), speed=5)\npanel'
# What stands on a canvas now: the texts that were drawn on it since it was last cleared.
TEXTS = """() => {
const counted = window.texts;
window.texts = {};
window.rounds = {};
if (counted) return;
const { clearRect, fillText, roundRect } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.roundRect = function (...all) {
  window.rounds[this.canvas.className] += 1;
  return roundRect.apply(this, all);
};
CanvasRenderingContext2D.prototype.clearRect = function (...all) {
  window.texts[this.canvas.className] = [];
  window.rounds[this.canvas.className] = 0;
  return clearRect.apply(this, all);
};
CanvasRenderingContext2D.prototype.fillText = function (text, ...all) {
  window.texts[this.canvas.className]?.push(text);
  return fillText.call(this, text, ...all);
};
}"""


@pytest.fixture
def opened(lab):
    def write_and_open(*sources):
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        notebook = nb.new_notebook(cells=[nb.new_code_cell(source) for source in sources], metadata=kernel)
        (lab.server.folder / lab.folder / "live.ipynb").write_text(nb.writes(notebook))
        lab.open("live.ipynb", sidebar=False).page.evaluate(TEXTS)
        lab.run_all()
        lab.page.wait_for_selector(".pmtech-theatre canvas")
        return lab.page

    return write_and_open


def clock(page):
    return float(re.search(r"([\d.]+)(?: of \d+)? s", page.locator(".pmtech-clock").first.inner_text())[1])


def wait_for_clock(page, over):
    page.wait_for_function(
        "(over) => parseFloat(document.querySelector('.pmtech-clock').innerText.match(/[\\d.]+/)) > over", arg=over
    )


def drawn(page, canvas, text):
    page.wait_for_function(
        "([canvas, text]) => window.texts[canvas]?.some((one) => new RegExp(text).test(one))", arg=[canvas, text]
    )


def clean(lab):
    assert (lab.errors(), lab.console_errors, lab.outside_requests) == ([], [], [])


def test_it_is_stepped_surged_killed_reset_and_played_while_its_slider_is_moved(opened, lab):
    page = opened(SET_UP, LIVE)
    step_reset_surge_and_kill_one(page)
    a_slider_is_moved_while_it_runs(page, lab)
    clean(lab)


def step_reset_surge_and_kill_one(page):
    page.get_by_role("button", name="Step").click()
    drawn(page, "pmtech-strips", "^sent$")
    wait_for_clock(page, 2.4)
    assert clock(page) == 2.5
    page.locator(".pmtech-stage").click()  # the focus is on the panel, not in the notebook
    cells = page.locator(".jp-Cell").count()
    for key in ("ArrowRight", "b", "x"):
        page.keyboard.press(key)
    wait_for_clock(page, 4.9)
    assert clock(page) == 5.0
    assert page.locator(".jp-Cell").count() == cells
    page.get_by_role("button", name="Kill one").click()
    drawn(page, "pmtech-strips", "^Server 1 down for 20 s$")
    drawn(page, "pmtech-back", "^down$")
    page.get_by_role("button", name="Kill one").click()
    page.locator("button:disabled[title^='No machine of “Server” is left']", has_text="Kill one").wait_for()
    page.get_by_role("button", name="Surge now").click()
    drawn(page, "pmtech-strips", "^Surge: × 5 for 10 s$")
    page.get_by_role("slider", name="Customers send").fill("40")
    page.get_by_role("button", name="Reset").click()
    page.wait_for_function("() => document.querySelector('.pmtech-clock').innerText === 'paused, 0.0 s'")
    page.wait_for_function("() => !window.texts['pmtech-strips'].some((text) => /Surge|down|send/.test(text))")
    page.wait_for_function("() => document.querySelector('.pmtech-live input[type=range]').value === '15'")


def a_slider_is_moved_while_it_runs(page, lab):
    page.locator(".pmtech-clock", has_text=re.compile(r"^paused, 0\.0 s$")).wait_for()
    page.get_by_role("button", name="Play").click()
    wait_for_clock(page, 10)
    slider = page.get_by_role("slider", name="Customers send")
    slider.focus()
    page.keyboard.press("End")
    drawn(page, "pmtech-strips", "^Customers send: 60 /s$")
    drawn(page, "pmtech-back", r"^\d\d+ waiting$")  # twenty a second is what they can do
    drawn(page, "pmtech-strips", r"^(5\d|6\d)$")  # and the curve goes up to sixty
    wait_for_clock(page, 20)
    page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelector('.pmtech-clock').innerText.startsWith('paused')")
    page.locator(".pmtech-live [aria-live]", has_text=re.compile(r"^Paused at [\d.]+ s: \d+ requests")).wait_for()
    # A dot is ten requests: the number beside them is that of the chart, but for the four at work and a quarter second.
    waiting, inside = page.evaluate(
        """() => [window.texts['pmtech-back'].find((text) => / waiting$/.test(text)),
            window.texts['pmtech-strips'].at(window.texts['pmtech-strips'].lastIndexOf('inside') - 1)]
            .map((text) => parseInt(text.replace(',', '')))"""
    )
    assert waiting > 200 and abs(waiting + 4 - inside) < 30
    # It stands below its line of code on one screen, however many wait in it.
    cell = page.locator(".jp-CodeCell", has=page.locator(".pmtech-live"))
    screen, code, panel = (
        found.bounding_box()["height"]
        for found in (
            page.locator(".jp-WindowedPanel-outer:visible"),
            cell.locator(".jp-InputArea"),
            cell.locator(".pmtech-live"),
        )
    )
    assert code + panel <= screen
    for theme in ("light", "dark"):
        lab.set_theme(theme)
        lab.screenshot(f"live-{theme}")
        assert lab.axe(".pmtech-live") == []


AT_REST = """() => {
    const dots = String(document.querySelector('.pmtech-front').dots);
    window.still = dots === window.seen ? window.still + 1 : 0;
    window.seen = dots;
    return window.still > 20;  // frames
}"""


def test_the_number_of_those_who_wait_stands_above_their_dots(opened, lab):
    page = opened(SET_UP, "live(Clients(rate_per_s=60) >> Server(workers=8, service_ms=100), speed=10)")
    page.evaluate(
        """() => {
        const { drawImage, fillText } = CanvasRenderingContext2D.prototype;
        CanvasRenderingContext2D.prototype.drawImage = function (image, x, y, ...all) {
          this.canvas.dots?.push(y);
          return drawImage.call(this, image, x, y, ...all);
        };
        CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
          if (/ waiting$/.test(text)) window.baseline = y;
          return fillText.call(this, text, x, y);
        };
        const { clearRect } = CanvasRenderingContext2D.prototype;
        CanvasRenderingContext2D.prototype.clearRect = function (...all) {
          this.canvas.dots = [];
          return clearRect.apply(this, all);
        };
    }"""
    )
    play, pause = (page.get_by_role("button", name=name) for name in ("Play", "Pause"))
    play.click()
    page.get_by_role("button", name="Surge now").click()
    over = []
    for second in (50, 80, 90):
        wait_for_clock(page, second)
        pause.click()
        play.wait_for()
        page.wait_for_function(AT_REST)
        highest = page.evaluate("() => Math.min(...document.querySelector('.pmtech-front').dots)")
        over.append(page.evaluate("() => window.baseline") - highest)
        play.click()
    assert max(over) < 0, over
    clean(lab)


def test_the_number_of_those_who_wait_at_several_machines_is_not_cut_off(opened, lab):
    two = (f"LoadBalancer() >> Server('{name}', workers=4, service_ms=900, replicas=4)" for name in "AB")
    page = opened(
        SET_UP, f"from pmtech import *\nlive([Clients(rate_per_s=60)] >> Gather() >> [{', '.join(two)}], speed=10)"
    )
    page.evaluate(
        """() => {
        const { fillText } = CanvasRenderingContext2D.prototype;
        CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
          if (/ waiting$/.test(text)) window.under = this.canvas.height - this.getTransform().transformPoint({ x, y }).y;
          return fillText.call(this, text, x, y);
        };
    }"""
    )
    page.get_by_role("button", name="Play").click()
    wait_for_clock(page, 10)
    assert page.evaluate("() => window.under") >= 3
    clean(lab)


def test_a_failure_is_set_off_by_its_button_and_new_machines_are_seen_at_work(opened, lab):
    happens = "from pmtech import Slowdown\nslow = [Slowdown('server', for_s=20)]"
    page = opened(SET_UP, happens, 'live(shop, Slider("server.replicas", 1, 6), speed=20, events=slow)')
    a_failure_is_set_off_by_its_button_and_stands_in_the_chart(page)
    new_machines_are_seen_at_work(page)
    clean(lab)


def a_failure_is_set_off_by_its_button_and_stands_in_the_chart(page):
    page.get_by_role("button", name="Play").click()
    wait_for_clock(page, 2)
    page.get_by_role("button", name="Server 10 times as slow").click()
    drawn(page, "pmtech-strips", "^Server 10 times as slow$")
    page.get_by_role("button", name="Reset").click()
    page.wait_for_function("() => !window.texts['pmtech-strips'].some((text) => /slow/.test(text))")


def new_machines_are_seen_at_work(page):
    page.get_by_role("button", name="Play").click()
    wait_for_clock(page, 10)
    assert page.evaluate("window.rounds['pmtech-front']") <= 4  # two machines of two workers
    page.get_by_role("slider").focus()
    page.keyboard.press("End")
    drawn(page, "pmtech-back", "^Server ×.6$")
    page.wait_for_function("() => window.rounds['pmtech-front'] > 4")


def test_it_says_so_when_it_cannot_go_as_fast_as_it_should(opened, lab):
    page = opened(SET_UP, "live(Clients(rate_per_s=5000) >> Server(workers=800), speed=60)")
    clock = page.locator(".pmtech-clock")
    page.get_by_role("button", name="Play").click()
    expect(clock).to_have_text(re.compile(r"^running at about \d+×, \d+\.\d s$"))
    page.get_by_role("button", name="Pause").click()
    expect(clock).to_have_text(re.compile(r"^paused, "))


def test_in_a_tab_that_is_not_looked_at_it_rests_and_goes_on_where_it_was(opened, lab):
    patient = "import pmtech.panels.live.live as module\nmodule.AHEAD, module.UNHEARD_S = 40, 600"  # a page answers at least every 31st
    page = opened(SET_UP, patient, LIVE)
    page.get_by_role("button", name="Play").click()
    wait_for_clock(page, 1)
    page.evaluate("() => { Object.defineProperty(document, 'hidden', { value: true, configurable: true }) }")
    page.wait_for_function(
        """() => {
        const said = document.querySelector('.pmtech-clock').innerText, now = performance.now();
        if (window.said !== said) [window.said, window.since] = [said, now];
        return now - window.since > 1500;
    }"""
    )
    assert page.locator(".pmtech-clock").inner_text().startswith("running")
    page.evaluate("() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')) }")
    wait_for_clock(page, clock(page) + 1)
    clean(lab)


def test_it_stops_when_its_cell_is_cleared_or_the_kernel_is_interrupted(opened, lab):
    page = opened(SET_UP, LIVE, LIVE.replace("panel", "other"), "(panel.playing, other.playing)")
    for number in (0, 1):
        page.locator(".pmtech-play").nth(number).click()
    for number in (0, 1):  # side by side
        page.wait_for_function(
            "(n) => parseFloat(document.querySelectorAll('.pmtech-clock')[n].innerText.match(/[\\d.]+/)) > 2",
            arg=number,
        )
    lab.command("kernelmenu:interrupt")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.pmtech-clock')].every((one) => one.innerText.startsWith('paused'))"
    )
    page.get_by_role("button", name="Play").first.click()
    wait_for_clock(page, clock(page) + 1)
    lab.command("notebook:clear-all-cell-outputs")
    assert page.locator(".pmtech-live").count() == 0
    page.locator(".jp-CodeCell").last.click()
    lab.command("notebook:run-cell")
    output = page.locator(".jp-CodeCell").last.locator(".jp-OutputArea-output")
    output.wait_for()
    output.get_by_text("(False, False)", exact=True).wait_for()
    clean(lab)


def test_a_replay_is_scrubbed_without_the_kernel_and_exported(opened, lab, browser, tmp_path):
    page = opened(
        SET_UP,
        "play = theatre(simulate(shop.replace({'customers.rate_per_s': 30}), duration_s=30, events=[Outage('server', 26, 2)]))\nplay",
        f"str(play.to_html({str(tmp_path / 'run.html')!r}))",
    )
    kernel = f"{NOTEBOOK}.context.sessionContext.session.kernel"
    page.evaluate(
        f"() => void {kernel}.requestExecute({{ code: 'import time; time.sleep(600)' }})"
    )  # it has no ear now
    page.wait_for_function(f"() => {kernel}.status === 'busy'")
    moment = page.get_by_label("Moment")
    moment.fill("5")
    drawn(page, "pmtech-back", r"^\d+ waiting$")
    early = page.evaluate("window.texts['pmtech-back'].find((text) => /waiting/.test(text))")
    moment.fill("25")
    page.wait_for_function(
        "(early) => parseInt(window.texts['pmtech-back'].find((t) => /waiting/.test(t))) > 2 * parseInt(early)",
        arg=early,
    )
    page.keyboard.press(" ")
    wait_for_clock(page, 26)
    drawn(page, "pmtech-strips", "^Server 1 down for 2 s$")
    drawn(page, "pmtech-back", "^down$")
    assert page.locator(".pmtech-theatre [aria-live]").inner_text() == "At 26 s: Server 1 down for 2 s."
    page.keyboard.press(" ")
    assert lab.axe(".pmtech-theatre") == []

    page = browser.new_page(reduced_motion="reduce")  # nobody stands between this one and the network
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(f"({TEXTS})()")
    page.goto((tmp_path / "run.html").as_uri())
    page.locator(".pmtech-clock", has_text="0.0 of 30 s").wait_for()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Play")).to_be_focused()  # the panel is no stop of its own
    page.keyboard.press("ArrowRight")
    wait_for_clock(page, 0.4)
    page.get_by_label("Moment").fill("25")
    drawn(page, "pmtech-back", r"^\d+ waiting$")
    drawn(page, "pmtech-strips", "^Server 1 down for 2 s$")
    page.get_by_role("button", name="Play").click()
    wait_for_clock(page, 25.9)  # in steps of a second
    assert clock(page) % 1 == 0
    assert (asked, errors) == ([(tmp_path / "run.html").as_uri()], [])
    page.close()


def test_a_replay_of_many_minutes_is_told_in_minutes(browser, tmp_path):
    shop = Clients("Customers", rate_per_s=4) >> Server("Till", workers=1, service_ms=200)
    run = simulate(shop, duration_s=1200, events=[Outage("till", 300, 900)])
    page = browser.new_page(reduced_motion="reduce")
    page.add_init_script(f"({TEXTS})()")
    page.goto(theatre(run).to_html(tmp_path / "long.html").as_uri())
    page.locator(".pmtech-clock", has_text=re.compile(r"^paused, 0\.0 of 20 min$")).wait_for()
    moment = page.get_by_label("Moment")
    moment.fill("1190")
    expect(moment).to_have_attribute("aria-valuetext", "19.8 min of 20 min")
    drawn(page, "pmtech-strips", r"^15 min$")
    drawn(page, "pmtech-strips", r"^Till down for 15 min$")
    said = page.locator(".pmtech-chart").get_attribute("aria-label")
    assert said.startswith("Chart over the whole run. At 5 min: Till down for 15 min.")
    assert not [text for text in page.evaluate("window.texts['pmtech-strips']") if re.search(r"\d{3,} s$", text)]
    page.get_by_role("button", name="Back").click()
    page.locator("[aria-live]", has_text=re.compile(r"^At 19\.8 min: .* p95 (\d+ min|–)\.$")).wait_for()
    page.close()
