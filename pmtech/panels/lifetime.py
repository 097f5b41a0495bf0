"""What a cell showed goes when the cell is run again: a kernel needs no more memory for the tenth run than for the first."""

import gc

from IPython.core.getipython import get_ipython

_shown: dict[str, list] = {}  # cell -> the panels of its last run


def belongs_to_cell(panel) -> None:
    """This panel was made by the cell that runs now; a front end without names for cells leaves it to itself."""
    kernel = getattr(get_ipython(), "kernel", None)
    cell = kernel.get_parent().get("metadata", {}).get("cellId") if kernel else None
    if cell:
        _shown.setdefault(cell, []).append(panel)


def _let_go(info) -> None:
    """Close what this cell showed, and what showed in cells that are no longer there."""
    for cell in (info.cell_id, *((info.cell_meta or {}).get("deletedCells") or ())):
        for panel in _shown.pop(cell, ()):
            panel.close()


def install() -> None:
    """From now on a cell that is run again closes its former panels."""
    shell = get_ipython()
    assert shell is not None, "there are cells only where there is a shell"
    shell.events.register("pre_run_cell", _let_go)
    # IPython keeps whatever a cell shows for as long as the kernel lives (Out[12], _12). Here that is megabytes a cell.
    shell.displayhook.do_full_cache = False
    # What has been imported stays. To look through it for garbage takes 90 ms, in the middle of a learner's move.
    gc.freeze()
