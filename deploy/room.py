"""The room as a service of a hub, which starts it, ends it, and leads to it at /services/room/. Its votes are kept in a file, so that
a hub that is started again loses none."""

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit


def main(keep: Path) -> None:
    address = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    # Who listens is waited for; a hub whose service does not ends after ten seconds, which a busy machine needs for the imports.
    listener = socket.create_server((address.hostname, address.port))

    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Mount

    from pmtech.room.app import app
    from pmtech.room.server import AS_SERVED
    from pmtech.room.state import Room

    prefix, room = os.environ["JUPYTERHUB_SERVICE_PREFIX"], Room(keep, word=os.environ["PMTECH_ROOM_WORD"])
    print(f"The room's page for the projector: {prefix}board#{room.token}", flush=True)
    inside = Starlette(routes=[Mount(prefix.rstrip("/"), app(room, lambda: prefix))])
    try:
        uvicorn.Server(uvicorn.Config(inside, **AS_SERVED)).run(sockets=[listener])
    finally:
        room.close()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(Path(sys.argv[1]))
