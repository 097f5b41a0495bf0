"""What learners do in several lessons alike."""

from __future__ import annotations

from playwright.sync_api import Locator


def keep_first_option(lab, prediction: str) -> tuple[str, str]:
    """Keep the first option, a wrong one. What its question says then, and what is told where the run is explained."""
    question = lab.page.locator(f".pmtech-ask[data-question='{prediction}']")
    told = lab.page.locator(".pmtech-reveal").first
    question.scroll_into_view_if_needed()
    question.get_by_role("radio").nth(0).check()
    question.get_by_role("button", name="Keep my prediction").click()
    lab.wait_idle()
    said = question.inner_text()
    told.scroll_into_view_if_needed()
    told.get_by_text("It turned out otherwise.").wait_for()
    assert told.locator(".pmtech-because").count() == 0, "what explains it would answer what is asked of it"
    told.get_by_role("button", name="Explain it without my answer").press("Enter")
    lab.until("""() => (({ top, bottom }) => document.activeElement.matches('.pmtech-because') && top > 0 && bottom <= innerHeight)
        (document.activeElement.getBoundingClientRect())""")  # in view, as whatever a press opens
    return said, told.inner_text()


def panel_of_steps(lab) -> tuple[Locator, Locator]:
    """The panel that shows every step of a calculation, and its steps."""
    panel = lab.page.locator(".pmtech-demand")
    panel.scroll_into_view_if_needed()
    return panel, panel.locator(".pmtech-steps")
