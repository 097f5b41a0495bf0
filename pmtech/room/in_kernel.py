"""`room()`: a workshop's room without a terminal, open as long as the kernel runs in which it was opened."""

import threading
from html import escape
from pathlib import Path

from pmtech import files
from pmtech.course.page import page
from pmtech.room.join import PORT, join, leave
from pmtech.room.server import Opened
from pmtech.theory.checks import count
from pmtech.web.waiting import until

_open: "OpenRoom | None" = None


class OpenRoom:
    """Made by `room`; shows who comes in how. close() ends it. wished: with what it was opened."""

    def __init__(self, opened: Opened, wished: tuple):
        self._opened, self.wished = opened, wished
        self._thread = threading.Thread(target=opened.run, name="pmtech-room-server", daemon=True)
        self._thread.start()
        until(lambda: opened.server.started, "the room did not open", within_s=60, alive=self._thread.is_alive)
        join("here")

    @property
    def is_open(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        """Nobody is in it any more, and what it knew is gone unless it was told to keep it."""
        if self.is_open:
            leave()
            self._opened.server.should_exit = True
            self._thread.join(10)

    def __repr__(self) -> str:
        if not self.is_open:
            return "The room is closed."
        return "\n".join(f"{whose}: {way}" for whose, way in self._opened.ways.items())

    def _repr_html_(self) -> str:
        """The facilitator's own way is a link: the secret in it is no text that a projector shows."""
        if not self.is_open:
            return page("<p>The room is closed.</p>")
        *others, (yours, board) = self._opened.ways.items()
        told = "".join(f"<p>{whose}: <code>{escape(way)}</code></p>" for whose, way in others)
        link = f'<p>{yours}: <a href="{escape(board)}" target="_blank" rel="noopener">open the room\'s page</a></p>'
        ends = f"{self._opened.kept} when it closes: with this kernel, or with close()."
        return page(f"{told}{link}<p>What your runs here give is drawn into the guesses. {escape(ends)}</p>")


def room(port: int = PORT, *, keep: str | Path | None = None, here: bool = False) -> OpenRoom:
    """Open a workshop's room on this machine, as `pmtech room` does; one that this kernel has open is shown again.

    port: that it listens on (0: any that is free). keep: a file for the votes, from which a room that is opened anew knows
    them. here: for this machine alone, to try it. Raises ValueError with a sentence where it can't be opened, and where
    another one than the open one is wished for.
    """
    global _open
    wished = (
        count("port", port, at_least=0, at_most=65_535),
        keep if keep is None else files.as_path(keep, "votes.sqlite"),
        here,
    )
    if _open is None or not _open.is_open:
        _open = OpenRoom(Opened(*wished), wished)
    elif wished not in (_open.wished, (PORT, None, False)):
        raise ValueError("a room is open in this kernel already: room() shows it, and room().close() ends it")
    return _open
