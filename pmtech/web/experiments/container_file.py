"""The file that a container of the API is made from, line by line."""

import html
import re
from pathlib import Path

CONTAINER = Path(__file__).parent.parent / "Dockerfile"


class ContainerFile:
    """A Dockerfile, line by line, each with what it is for. Shows itself."""

    def __init__(self, text: str):
        self.lines: list[tuple[str, str]] = []  # (what it is for, the lines)
        for block in text.strip().split("\n\n"):
            why = [line[2:] for line in block.splitlines() if line.startswith("# ")]
            self.lines.append((" ".join(why), "\n".join(re.findall("^[^#].*", block, re.MULTILINE))))

    def __repr__(self) -> str:
        return "\n\n".join(f"# {why}\n{lines}" for why, lines in self.lines)

    def _repr_html_(self) -> str:
        cells = "".join(
            f'<tr><th scope="row"><pre>{html.escape(lines)}</pre></th><td class="pmtech-said">{html.escape(why)}</td></tr>'
            for why, lines in self.lines
        )
        head = '<tr><th scope="col">in the file</th><th scope="col" class="pmtech-said">what it is for</th></tr>'
        rows = f'<table class="pmtech-figures"><thead>{head}</thead><tbody>{cells}</tbody></table>'
        return f'<div class="pmtech mathjax_ignore" data-filled>{rows}</div>'


def container_file() -> ContainerFile:
    """The file that the container of this course's API is made from, with what each line is for."""
    return ContainerFile(CONTAINER.read_text(encoding="utf-8"))
