"""The room on the facilitator's machine: `pmtech room`, until Ctrl + C, or `room()`, as long as its kernel runs."""

import json
import socket
import sys
from contextlib import suppress
from pathlib import Path

from pmtech import files
from pmtech.course.way.progress import home
from pmtech.room.join import HERE, PORT
from pmtech.room.state import Room

MOST_OPEN = 16_384  # connections; whoever opens more than the computer allows keeps everybody out


def serving(api, room: Room):
    """The server of a room, not yet running. Whoever listens to the news hears the end, and does not keep the room from closing."""
    import uvicorn

    class Server(uvicorn.Server):
        async def shutdown(self, sockets=None) -> None:
            room.ends = True
            await super().shutdown(sockets)

    _open_many()
    quiet = uvicorn.Config(api, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=5)
    return Server(quiet)


def _open_many() -> None:
    """Most computers allow a program few open connections at first, and more when it asks; Windows has no such limit."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        room = MOST_OPEN if most == resource.RLIM_INFINITY else min(most, MOST_OPEN)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(least, room), most))


def address() -> str:
    """The address of this machine in its network, as far as it is known here; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(
                ("192.0.2.1", 9)
            )  # a documentation address (RFC 5737): a datagram socket sends nothing by this
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"


class Opened:
    """A room at a port of this machine, not yet served. here: for this machine alone, to try it.

    Raises ValueError with a sentence where it can't be opened.
    """

    def __init__(self, port: int = PORT, keep: Path | None = None, here: bool = False):
        from pmtech.room.app import app

        try:
            self.room = Room(keep)
        except Exception as problem:  # noqa: BLE001  whatever SQLite finds in that file
            raise ValueError(f"{keep} can't be used to keep the room: {problem}") from None
        try:
            self.listener = socket.create_server(("127.0.0.1" if here else "0.0.0.0", port), reuse_port=False)
        except OSError as problem:
            self.room.close()
            said = f"the room can't be opened at port {port}: {problem.strerror}; port 0 is any that is free"
            raise ValueError(said) from None
        self.keep, self.here, self.port = keep, here, self.listener.getsockname()[1]
        self.server = serving(app(self.room, self.host), self.room)
        own = {"address": f"http://127.0.0.1:{self.port}", "token": self.room.token}
        self._note, self._noted = home() / HERE, json.dumps(own)

    def host(self) -> str:
        """As of now: a laptop that is carried into another network has another address there."""
        return f"{'127.0.0.1' if self.here else address()}{'' if self.port == PORT else f':{self.port}'}"

    @property
    def ways(self) -> dict[str, str]:
        """How one comes in: whoever it is for, and what they write or open."""
        host, word = self.host(), self.room.word
        return {
            "Learners write, in lesson 00": f'join("{word}@{host}")',
            "With a phone": f"http://{host if ':' in host else f'{host}:{self.port}'}/#{word}",
            "Yours, for the projector": f"http://127.0.0.1:{self.port}/board#{self.room.token}",
        }

    @property
    def kept(self) -> str:
        return f"Kept in {self.keep}" if self.keep else "Nothing is kept"

    def run(self) -> None:
        """Until it is told to end."""
        with suppress(OSError):
            self._note.unlink(missing_ok=True)
            files.write(self._note, self._noted)
            self._note.chmod(0o600)
        try:
            self.server.run(sockets=[self.listener])
        finally:
            self.room.close()
            with suppress(OSError):
                if self._note.read_text(encoding="utf-8") == self._noted:  # else another room has been opened since
                    self._note.unlink()


def serve(port: int = PORT, keep: Path | None = None, here: bool = False) -> int:
    """Run the room until Ctrl + C. Returns the exit status."""
    try:
        opened = Opened(port, keep, here)
    except ValueError as problem:
        said = str(problem)
        print(f"{said[0].upper()}{said[1:]}.", file=sys.stderr)
        return 1
    for whose, way in {
        **opened.ways,
        "Yours, in a lesson here": 'join("here"), and your run is drawn into the guesses',
    }.items():
        print(f"{f'{whose}:':31}{way}")
    print(f"{opened.kept} when it closes. Ctrl + C closes it.", flush=True)
    with suppress(KeyboardInterrupt):
        opened.run()
    print("\nThe room is closed.")
    return 0
