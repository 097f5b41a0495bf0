"""A page as a file to take along: how it is written, as HTML and as Markdown, and how a notebook shows it."""

import base64
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from pmtech import files
from pmtech.course.page import page
from pmtech.escapes import markdown

STYLE = (Path(__file__).parent / "brief.css").read_text(encoding="utf-8")

# A page: heading -> paragraphs (text), bullets (a list), tables (a tuple of rows, the first of them the headings), and
# what is said of each name (a dict).
Page = Mapping[str, list]

# Not by the clipboard of the browser alone, which a page that came over plain HTTP may not use.
COPY = """const text = this.nextElementSibling; text.hidden = false; text.select();
this.textContent = document.execCommand('copy') ? 'Copied' : 'It could not be copied'; text.hidden = true; this.focus()"""


@dataclass(frozen=True)
class Brief:
    """The page that was written. In a notebook it shows the page, with a button to take it along and one to copy it.

    html: the file. text: the same as Markdown. shown: the page's body.
    """

    html: Path
    text: str
    shown: str = field(repr=False)

    def __repr__(self) -> str:
        return f"Brief: {self.html}"

    @property
    def markdown(self) -> Path:
        """The page as a file in Markdown, beside the other; it is written when it is asked for."""
        return _written({self.html.with_suffix(".md"): self.text})

    def _repr_html_(self) -> str:
        path, name = html.escape(str(self.html)), html.escape(self.html.name)
        link = path if self.html.is_absolute() else f'<a href="{quote(self.html.as_posix())}">{path}</a>'
        sheet = base64.b64encode(self.html.read_bytes()).decode()
        save = f'<a class="pmtech-next" download="{name}" href="data:text/html;base64,{sheet}">Download the page</a>'
        copy = f'<button type="button" onclick="{html.escape(COPY)}">Copy it as text</button>'
        text = f'<textarea hidden aria-hidden="true">{html.escape(self.text)}</textarea>'
        # Its headings are none of the lesson's: they must not stand in the table of contents.
        body = re.sub(r"<h([12])>(.*?)</h\1>", _heading, self.shown)
        buttons = f'<p class="pmtech-buttons">{save}{copy}{text}<span class="pmtech-quiet">Kept as {link}</span></p>'
        return page(f'{buttons}<div class="pmtech-sheet">{body}</div>')


def _heading(found: re.Match) -> str:
    level, words = found.groups()
    return f'<div class="pmtech-head-{level}" role="heading" aria-level="{int(level) + 2}">{words}</div>'


def written(title: str, content: Page, folder: str | Path, drawn: str = "") -> Brief:
    """The page as a file; `drawn` is a picture for its first heading."""
    body = _body(title, content, drawn)
    slug = re.sub(r"\W+", "-", title.lower()).strip("-")[:60].rstrip("-") or "page"
    path = _written({files.as_path(folder, "briefs") / f"brief-{slug}.html": _html(title, body)})
    return Brief(path, _markdown(title, content), body)


def _markdown(title: str, content: Page) -> str:
    lines = [f"# {markdown(title)}", ""]
    for head, blocks in content.items():
        lines += [f"## {markdown(head)}", ""]
        for block in blocks:
            if isinstance(block, tuple):
                first, *rest = [f"| {' | '.join(map(markdown, row))} |" for row in block]
                column = "|---" if _of_words(block) else "|---:"
                lines += [first, "|---" + column * (len(block[0]) - 1) + "|", *rest, ""]
            else:
                named = isinstance(block, dict) and [
                    f"- **{markdown(n)}**: {markdown(said)}" for n, said in block.items()
                ]
                texts = [markdown(block)] if isinstance(block, str) else [f"- {markdown(line)}" for line in block]
                lines += [*(named or texts), ""]
    return "\n".join(lines)


def _body(title: str, content: Page, drawn: str) -> str:
    """The same as HTML, with the picture of the design after the first text."""
    said = [f"<h1>{html.escape(title)}</h1>"]
    for head, blocks in content.items():
        said += [f"<h2>{html.escape(head)}</h2>", *map(_block, blocks), drawn]
        drawn = ""
    return "\n".join(said)


def _html(title: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body>{body}\n</body></html>\n"
    )


def _block(block: str | list | tuple | dict) -> str:
    if isinstance(block, str):
        return f"<p>{html.escape(block)}</p>"
    if isinstance(block, dict):
        rows = (f"<dt>{html.escape(name)}</dt><dd>{html.escape(said)}</dd>" for name, said in block.items())
        return f"<dl>{''.join(rows)}</dl>"
    if isinstance(block, list):
        return f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in block)}</ul>"
    heads, *rows = [[html.escape(cell) for cell in row] for row in block]
    top = "".join(f'<th scope="col">{cell}</th>' if cell else "<td></td>" for cell in heads)
    body = "".join(f'<tr><th scope="row">{name}</th><td>{"</td><td>".join(cells)}</td></tr>' for name, *cells in rows)
    words = ' class="words"' if _of_words(block) else ""
    return f"<table{words}><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _of_words(block: tuple) -> bool:
    """Has a table sentences in it, rather than figures? Those stand at the left."""
    return any(len(cell) > 40 for row in block for cell in row[1:])


def _written(file: dict[Path, str]) -> Path:
    (path,) = file
    with files.in_a_sentence(f"The page could not be written into {path.parent}"):
        return files.write_beside(file)[0]
