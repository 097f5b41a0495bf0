"""The course's drawings, readable in JupyterLab's light and dark theme."""

from pathlib import Path

from pmtech.course.page import page
from pmtech.course.questions import nearest
from pmtech.diagram import places as drawn
from pmtech.system.system import System

FOLDER = Path(__file__).parent / "pictures"


class Picture:
    """A drawing that shows itself: an SVG whose title and description are its text alternative."""

    def __init__(self, svg: str):
        self.svg = svg

    def _repr_html_(self) -> str:
        return page(self.svg, "pmtech-picture")


def picture(name: str) -> Picture:
    """A drawing by its name, such as "frontend_and_backend". Raises ValueError with the nearest names."""
    known = {path.stem: path for path in sorted(FOLDER.glob("*.svg"))}
    if name not in known:
        raise ValueError(f'there is no picture "{name}"; there is {", ".join(nearest(name, known))}')
    return Picture(known[name].read_text(encoding="utf-8"))


def places(system: System) -> Picture:
    """Where viewers, edges and servers stand, and light's time between them. Raises ValueError where nothing has a place."""
    if not isinstance(system, System):
        raise ValueError(f"places needs a system, got {system!r}")
    return Picture(drawn.svg(system))
