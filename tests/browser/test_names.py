"""Names in other languages, as a learner sees them: no link, no formula, no table where there is only a name."""

from nbformat import v4 as nb
from nbformat import writes

NAME = "$a$ | <a href='https://example.org'>Ads</a> and $b$"
BUILD = f"""
import pandas
from pmtech import Clients, Server, brief, explore, simulate
system = [Clients({NAME!r}, rate_per_s=5), Clients("B")] >> Server()
written = brief(simulate(system, duration_s=5), title={NAME!r})
"""
SHOWN = ["system", "explore(system)", f"pandas.DataFrame({{{NAME!r}: [1]}})", "written.markdown; written"]


def test_names_are_shown_as_they_are(lab):
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nb.new_code_cell(source) for source in (BUILD, *SHOWN)]
    folder = lab.server.folder / lab.folder
    (folder / "names.ipynb").write_text(writes(nb.new_notebook(cells=cells, metadata=kernel)))
    before = set(folder.glob("brief-*.md"))  # those of lessons that run at the same time
    lab.open("names.ipynb").run_all()
    page = lab.page
    names = page.locator(".js-plotly-plot :is(.textpoint, .ytick) text")
    names.first.wait_for()
    (written,) = set(folder.glob("brief-*.md")) - before
    # A formula that JupyterLab does make says when it is done with all that came before it.
    written.write_text(written.read_text() + "\n\nthe end: $\\pi$\n")
    lab.command("docmanager:open", path=f"{lab.folder}/{written.name}", factory="Markdown Preview")
    preview = page.locator(".jp-MarkdownViewer")
    preview.locator("mjx-container").wait_for()
    assert preview.locator("mjx-container").count() == 1
    assert preview.locator("h1").inner_text().strip("¶") == NAME
    assert NAME in preview.locator("td").all_inner_texts()
    assert page.locator(".jp-Notebook mjx-container").count() == 0
    assert page.locator("a[href^='https://example.org']").count() == 0
    assert page.locator(".jp-Notebook th", has_text=NAME).count() == 2  # of the table, and of the page for colleagues
    assert any(NAME[:20] in text for text in names.all_text_contents())
    assert lab.outside_requests == []
