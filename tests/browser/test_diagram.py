"""The picture of a system in JupyterLab: readable in both themes, and where it scrolls, also without a mouse."""

from nbformat import v4 as nb
from nbformat import writes

BUILD = """
from pmtech import Cache, Database, Network, Server, Users
people = Users("People", count=60) >> Cache("Browser cache", private=True) >> Network()
people >> Server() >> Cache("Application cache", coalesce=True, invalidate=True) >> Database(queue_limit=5)
"""


def test_a_wide_picture_scrolls_by_keyboard_and_has_no_serious_finding(lab):
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nb.new_notebook(cells=[nb.new_code_cell(BUILD)], metadata=kernel)
    (lab.server.folder / lab.folder / "picture.ipynb").write_text(writes(notebook))
    lab.open("picture.ipynb").run_all()
    picture = lab.page.locator(".pmtech-diagram")
    assert picture.evaluate("el => el.scrollWidth > el.clientWidth"), "this one is wider than its cell"
    for theme in ("light", "dark"):
        assert lab.set_theme(theme).axe(".pmtech-diagram") == []
    picture.focus()
    for _ in range(8):
        picture.press("ArrowRight")
    lab.page.wait_for_function("document.querySelector('.pmtech-diagram').scrollLeft > 0")
    assert lab.console_errors == []
