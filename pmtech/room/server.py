"""`pmtech room`: the room on the facilitator's machine, until Ctrl + C."""

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


def serve(port: int = PORT, keep: Path | None = None, here: bool = False) -> int:
    """Run the room. here: for this machine alone, to try it. Returns the exit status."""
    from pmtech.room.app import app

    try:
        room = Room(keep)
    except Exception as problem:  # noqa: BLE001  whatever SQLite finds in that file
        print(f"{keep} can't be used to keep the room: {problem}.", file=sys.stderr)
        return 1
    bound = "127.0.0.1" if here else "0.0.0.0"
    try:
        listener = socket.create_server((bound, port), reuse_port=False)
    except OSError as problem:
        room.close()
        print(f"The room can't be opened at port {port}: {problem.strerror}. Another one: --port 0", file=sys.stderr)
        return 1
    port = listener.getsockname()[1]

    def host() -> str:
        """As of now: a laptop that is carried into another network has another address there."""
        return f"{'127.0.0.1' if here else address()}{'' if port == PORT else f':{port}'}"

    where = host()
    print(f'Learners write, in lesson 00:  join("{room.word}@{where}")')
    print(f"With a phone:                  http://{where if ':' in where else f'{where}:{port}'}/#{room.word}")
    print(f"Yours, for the projector:      http://127.0.0.1:{port}/board#{room.token}")
    print('Yours, in a lesson here:       join("here"), and your run is drawn into the guesses')
    print(f"{'Kept in ' + str(keep) if keep else 'Nothing is kept'} when it closes. Ctrl + C closes it.", flush=True)
    note, noted = home() / HERE, json.dumps({"address": f"http://127.0.0.1:{port}", "token": room.token})
    with suppress(OSError):
        note.unlink(missing_ok=True)
        files.write(note, noted)
        note.chmod(0o600)
    try:
        serving(app(room, host), room).run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        room.close()
        with suppress(OSError):
            if note.read_text(encoding="utf-8") == noted:  # else another room has been opened since
                note.unlink()
    print("\nThe room is closed.")
    return 0
