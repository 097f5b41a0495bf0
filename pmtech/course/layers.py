"""`layers()`: machine, virtual machine, container, function, one inside the other, each to be opened."""

import html
import tomllib
from pathlib import Path

from pmtech.course.page import page

ASKED = {
    "shared": "Shared with others",
    "yours": "Yours to look after",
    "starts": "Starts in",
    "restarts": "Restarted by",
    "idle": "Paid when idle by",
}


class Layers:
    """Boxes in boxes, which a page opens and closes without a kernel. `layers` are the tables of `layers.toml`."""

    def __init__(self):
        path = Path(__file__).with_name("layers.toml")
        self.layers: list[dict[str, str]] = tomllib.loads(path.read_text(encoding="utf-8"))["layer"]

    def __repr__(self) -> str:
        return "\n".join(f"{'  ' * depth}{layer['name']}: {layer['line']}" for depth, layer in enumerate(self.layers))

    def _repr_html_(self) -> str:
        inside = ""
        for layer in reversed(self.layers):
            told = {name: html.escape(text) for name, text in layer.items()}
            rows = "".join(f"<dt>{words}</dt><dd>{told[name]}</dd>" for name, words in ASKED.items())
            also = f'<p class="pmtech-quiet">{told["also"]}</p>' if "also" in told else ""
            head = f"<summary><b>{told['name']}</b> <span>{told['line']}</span></summary>"
            inside = f'<div class="pmtech-layer"><details>{head}{also}<dl>{rows}</dl></details>{inside}</div>'
        return page(inside, "pmtech-layers")


def layers() -> Layers:
    """What is inside what: machine, virtual machine, container, function. Each opens to what is shared and what is yours."""
    return Layers()
