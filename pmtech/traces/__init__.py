"""Access logs, and clients who come as a log says."""

from pathlib import Path

from pmtech.components.clients import Clients


def from_log(path: str | Path, name: str = "Clients", **fields) -> Clients:
    """The requests of an access log: see `Replay` for what can be set, log_formats.py for what can be read.

    Prints what was understood: the format, what was left out and why, callers, endpoints, and when the log begins and
    ends. What may have been misunderstood is said in warnings. Raises ValueError with a sentence.
    """
    from pmtech.traces.access_log import read_log  # most programs never read one
    from pmtech.traces.replay import Replay

    log = read_log(path)
    print(log)
    return Replay(name, log=log, **fields)


Clients.from_log = staticmethod(from_log)
