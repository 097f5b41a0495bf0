"""The room as a service of a JupyterHub, which starts it, ends it, and leads to it at /services/room/."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit


def serve(keep: Path) -> None:
    """Run the room as the hub says in the environment, kept in a file: a hub that is started again loses no vote."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Mount

    from pmtech.room.app import app
    from pmtech.room.join import PORT
    from pmtech.room.server import AS_SERVED
    from pmtech.room.state import Room

    prefix, address = os.environ["JUPYTERHUB_SERVICE_PREFIX"], urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    room = Room(keep, word=os.environ["PMTECH_ROOM_WORD"])
    print(f"The room's page for the projector: {prefix}board#{room.token}", flush=True)
    inside = Starlette(routes=[Mount(prefix.rstrip("/"), app(room, lambda: prefix))])
    try:
        uvicorn.run(inside, host=address.hostname or "127.0.0.1", port=address.port or PORT, **AS_SERVED)
    finally:
        room.close()


def main() -> None:
    if sys.argv[1] == "word":
        from pmtech.room.state import new_word

        print(new_word())
    else:
        with suppress(KeyboardInterrupt):
            serve(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
