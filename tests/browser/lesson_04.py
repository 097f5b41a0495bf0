"""Lesson 04 as a learner plays it: a guess is kept without a verdict, the run tells, and a moved slider changes the chart."""

from __future__ import annotations

SELECT = """(words) => {
    const { content } = jupyterapp.shell.currentWidget;
    content.activeCellIndex = content.widgets.findIndex(({ model }) => model.type === "code" && model.sharedModel.getSource().includes(words));
}"""
SIDE_BY_SIDE = """() => {
    const { content } = jupyterapp.shell.currentWidget;
    const upper = content.widgets.findIndex(({ model }, n) => model.type === "code" && content.widgets[n + 1]?.model.type === "code");
    Object.assign(content, { activeCellIndex: upper, mode: "command" });
    content.activeCell.node.focus();
    return upper + 1;
}"""
QUESTIONS_AND_SLIDER = """() => {
    const { outerNode, activeCell, widgets, activeCellIndex } = jupyterapp.shell.currentWidget.content;
    const place = (one) => one?.getBoundingClientRect() ?? {};
    const [page, asked] = [place(outerNode), place(widgets[activeCellIndex - 1].node.querySelector("ol"))];
    const slider = place(activeCell.node.querySelector(".pmtech-explore input[type=range]"));
    return asked.top >= page.top && slider.bottom <= page.bottom;
}"""

LISTENS = """(told) => {
    window.heard = [];
    const hear = ({ target, addedNodes }) => target.closest(".pmtech-plot") || window.heard.push(...[...addedNodes].map((one) => one.textContent));
    new MutationObserver((changes) => changes.forEach(hear)).observe(told, { childList: true, subtree: true });
}"""  # what is put into a live region is read out; a chart is a picture, and is not


def play(lab) -> None:
    a_guess_is_kept_and_the_run_tells(lab)
    whoever_passes_a_question_by_is_told_so_and_answers_late(lab)
    a_term_shows_its_line_when_it_has_the_focus(lab)
    a_slider_moved_by_keyboard_changes_the_chart_and_the_sentence(lab)
    the_questions_stay_above_the_panel_that_they_ask_of(lab)
    no_key_joins_two_cells_of_code(lab)


def a_guess_is_kept_and_the_run_tells(lab) -> None:
    """With the keyboard alone, and wrong on purpose: "A is fine, it sends so little"."""
    page = lab.page
    question = page.locator(".pmtech-ask[data-question='04.predict']")
    told = page.locator(".pmtech-reveal").first
    question.scroll_into_view_if_needed()
    assert question.get_by_role("button", name="Keep my prediction").is_disabled(), "nothing has been chosen yet"
    question.get_by_role("spinbutton").press_sequentially("4,500")
    question.get_by_text("A number between 0 and 10 a second is asked for.").wait_for()
    assert question.get_by_role("button", name="Keep my prediction").is_disabled()
    question.get_by_role("slider").focus()
    page.keyboard.press("End")
    assert "is asked for" not in question.inner_text()
    cells = page.locator(".jp-Cell").count()
    for key in ("Enter", "Shift+Enter"):  # to touch is not to answer
        page.keyboard.press(key)
        lab.wait_idle()
    keep = question.get_by_role("button", name="Keep my prediction")
    keep.focus()
    page.keyboard.press("Shift+Enter")
    lab.wait_idle()
    assert page.locator(".jp-Cell").count() == cells
    assert keep.is_visible() and "You have not said yet" in told.inner_text()
    keep.press("Enter")
    lab.wait_idle()
    assert "Your prediction is kept." in question.inner_text() and "joins the same queue" not in question.inner_text()
    told.get_by_text("It turned out otherwise: ").wait_for()
    assert "10 a second" in told.inner_text() and "4.2 a second" in told.inner_text()
    told.scroll_into_view_if_needed()
    told.locator(".main-svg").first.wait_for()
    assert told.locator(".pmtech-because").count() == 0
    told.locator(".pmtech-seen button").nth(1).press("Shift+Enter")
    lab.wait_idle()
    assert told.locator(".pmtech-because").count() == 0, "to touch is not to answer"
    told.evaluate(LISTENS)
    told.locator(".pmtech-seen button").nth(1).press("Enter")
    told.get_by_text("That is what happened.").wait_for()
    heard = page.evaluate("window.heard.join(' ')")
    assert "That is what happened." in heard and "A common belief: " in heard
    assert "It turned out otherwise" not in heard and "What did you see?" not in heard, "it has been read out before"
    assert told.locator(".pmtech-seen button[aria-pressed=true]").evaluate("(one) => one === document.activeElement")
    assert told.get_by_text("A common belief: who sends little is not hurt").count() == 1
    lab.screenshot("a-wrong-prediction")


def whoever_passes_a_question_by_is_told_so_and_answers_late(lab) -> None:
    page = lab.page
    question, told = page.locator(".pmtech-ask[data-question='04.break']"), page.locator(".pmtech-reveal").nth(1)
    told.scroll_into_view_if_needed()
    lab.wait_idle()
    told.get_by_role(
        "button", name="Go to the question"
    ).hover()  # it stays in sight, though cells above take their heights
    told.get_by_text("You have come to this run without a prediction.").wait_for()
    told.get_by_role("button", name="Go to the question").click()
    question.get_by_text("Skipped: you have come to the run already.").wait_for()
    question.get_by_role("radio").nth(3).check()
    lab.wait_idle()
    question.get_by_role("button", name="Keep my prediction").click()
    question.get_by_text("Kept, as an answer given after the run.").wait_for()
    told.get_by_text("Answered after the run. That is what it shows.").wait_for()


def a_term_shows_its_line_when_it_has_the_focus(lab) -> None:
    page = lab.page
    term = page.locator("dfn.pmtech-term", has_text="load shedding")
    term.focus()
    tip = page.get_by_role("tooltip")
    tip.wait_for()
    assert tip.inner_text().startswith("load shedding")
    page.keyboard.press("Escape")
    tip.wait_for(state="hidden")
    once = page.locator("dfn.pmtech-term").evaluate_all("(all) => all.map((one) => one.dataset.term)")
    assert len(once) == len(set(once)) > 8


def a_slider_moved_by_keyboard_changes_the_chart_and_the_sentence(lab) -> None:
    panel = lab.page.locator(".pmtech:has(.pmtech-explore)")
    panel.scroll_into_view_if_needed()
    sentences, chart = panel.locator(".pmtech-sentences"), panel.locator(".main-svg").first
    said, painted = sentences.inner_text(), chart.inner_html()
    for _ in range(5):
        panel.locator("input[type=range]").first.press("ArrowRight")
    lab.wait_idle()
    lab.until("([chart, painted]) => chart.innerHTML !== painted", [chart.element_handle(), painted])
    assert sentences.inner_text() != said
    lab.screenshot("a-slider-moved")


def the_questions_stay_above_the_panel_that_they_ask_of(lab) -> None:
    """The cell is run on a page that is magnified by half, and on a whole one."""
    for width, height in ((853, 480), (1280, 720)):
        lab.page.set_viewport_size({"width": width, "height": height})
        lab.page.evaluate(SELECT, "\nexplore(")
        lab.command("notebook:run-cell")
        lab.wait_idle().until(QUESTIONS_AND_SLIDER)


def no_key_joins_two_cells_of_code(lab) -> None:
    """Beside a text JupyterLab joins nothing by itself; two cells of code may both be changed, and stand side by side here."""
    cells = lab.page.locator(".jp-Cell").count()
    for joining in ("Shift+M", "Control+Backspace"):  # with the one below, with the one above
        below = lab.page.evaluate(SIDE_BY_SIDE)
        assert below > 0
        if joining == "Control+Backspace":
            lab.page.keyboard.press("j")
            lab.until("(index) => jupyterapp.shell.currentWidget.content.activeCellIndex === index", below)
        lab.page.keyboard.press(joining)
        lab.wait_idle()
        assert lab.page.locator(".jp-Cell").count() == cells
