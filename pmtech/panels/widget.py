"""The base of everything a learner touches: one look, one chart library a page, no error boxes."""

import json
from html import escape
from pathlib import Path
from uuid import uuid4

import anywidget
import traitlets

from pmtech.kinds import explained
from pmtech.panels.lifetime import belongs_to_cell

HERE = Path(__file__).parent
LOOK = (HERE / "panel.css").read_text(encoding="utf-8")
BRING_BACK = "To bring this back, choose Kernel > Restart Kernel and Run All Cells. Your answers are kept."
ASLEEP = f'<p class="pmtech-asleep">{escape(BRING_BACK)}</p>'


def plotly_js() -> bytes:
    """The plotly.js of the installed `plotly` package, found without importing plotly (an import of seconds)."""
    from importlib.util import find_spec

    spec = find_spec("plotly")
    assert spec is not None and spec.origin is not None, "this package needs it"
    return (Path(spec.origin).parent / "package_data" / "plotly.min.js").read_bytes()


def shared_js() -> str:
    """What every panel's front end begins with, in JupyterLab or on a page of its own."""
    return f"const BRING_BACK = {json.dumps(BRING_BACK)};\n{_text(HERE / 'panel.js')}"


class Panel(anywidget.AnyWidget):
    """A widget with the course's look that leaves nothing behind when its kernel is gone.

    A subclass gives `_esm`: JavaScript (text or a `Path`) with one function, `function render({ model, el })`,
    and no `export`. It may return a function that cleans up. In scope are `h(tag, attributes, ...children)`,
    which builds an element, and `chart(model, el)`, whose `draw(figure)` shows a plotly figure in place. `_css`
    is optional; `alone` says that the panel needs no kernel once it is drawn. `panel.css` always comes first, with the
    colours as custom properties (`--pmtech-served`, ...).

    Saved notebooks. JupyterLab writes an ordinary widget into the notebook as the id of a model that lives in
    the kernel. Opened without that kernel, it shows "Error displaying widget: model not found". So a panel's
    output is a `<div>` with one quiet sentence, and the panel's front end, which starts as soon as the kernel opens the
    comm, finds that div and fills it. Saved and opened again there is nothing to be missed: the sentence says what to
    do. With the kernel still alive JupyterLab brings the models back and they fill their divs again; on a restart they
    put the sentence back. Considered and left out: a save hook or a prebuilt Lab extension (files of the environment
    outside the package, which an editable install or another front end may lack) and saved widget state (megabytes, and
    dead sliders). The price is that a panel does not render where a front end starts widgets only on display, as VS
    Code does.
    """

    alone = False
    layout = None  # ipywidgets' own, a second widget for every one; ours have their style sheets
    _mount = traitlets.Unicode().tag(sync=True)

    def __init_subclass__(cls, **kwargs):
        # anywidget makes a subclass for every instance, with traits in these places: leave those alone.
        esm, css = cls.__dict__.get("_esm"), cls.__dict__.get("_css", "")
        if isinstance(esm, str | Path):
            cls._esm = (
                f"{shared_js()}\n{_text(esm)}\nexport default onPage(render, {{ alone: {json.dumps(cls.alone)} }});\n"
            )
            cls._css = f"{LOOK}\n{_text(css)}"
        super().__init_subclass__(**kwargs)
        explained(cls)

    def __init__(self, **traits):
        self._changed: set[str] = set()  # of its state, since the page was first told
        number = uuid4().hex
        super().__init__(model_id=number, _mount=f"pmtech-{number}", **traits)
        belongs_to_cell(self)
        # ipykernel 7.4 sends a widget's messages to the thread that last wrote to it: to the main one, where they would
        # wait for the running cell. Without this they come on a thread of their own (a subshell), as before. Neither
        # ipykernel nor comm documents a way to say so; where this hook is not known the line does nothing.
        self.comm._reply_subshell_for = None
        self.on_msg(self._answer)

    def _answer(self, _widget, message, _buffers):
        if message.get("kind") == "plotly":
            self.send({"kind": "plotly"}, buffers=[plotly_js()])
        elif message.get("kind") == "catch up" and self._changed:
            self.send_state(set(self._changed))

    def notify_change(self, change) -> None:
        # What the page itself has set it knows, and may have set anew meanwhile.
        if self.comm is not None and change["name"] in self.keys and change["name"] not in self._property_lock:
            self._changed.add(change["name"])
        super().notify_change(change)

    def _repr_mimebundle_(self, **_):
        # mathjax_ignore: dollars in a panel are money, not formulas.
        return {
            "text/html": f'<div class="pmtech mathjax_ignore {self._mount}">{ASLEEP}</div>',
            "text/plain": f"{type(self).__name__}: shown in JupyterLab",
        }


def _text(source) -> str:
    return source.read_text(encoding="utf-8") if isinstance(source, Path) else source
