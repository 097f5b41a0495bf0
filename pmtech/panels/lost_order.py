"""An order, an answer that gets lost, and the order again: what the client sees, and what the database holds."""

from pathlib import Path
from uuid import uuid4

import traitlets

from pmtech.panels.errors import why
from pmtech.panels.widget import Panel
from pmtech.web.app.server import Api
from pmtech.web.experiments.requests import Experiment, order_twice
from pmtech.wording import counted

TIMEOUT_S = 0.5


class LostOrder(Panel):
    """Made by `lost_order`. Each `play(lost, with_key)` is a real order at the API; the page draws what came of it.

    told: `attempts`, a row each (status, or None; what the client heard; payments booked so far), and `sentence`.
    """

    _esm = Path(__file__).parent / "lost_order.js"
    _css = Path(__file__).parent / "lost_order.css"

    told = traitlets.Dict().tag(sync=True)

    def __init__(self, api: Api):
        self._api = api
        super().__init__()
        self.on_msg(self._from_page)

    def play(self, lost: str, with_key: bool) -> None:
        """Order, lose the "request" or the "answer", order again."""
        key = f"order-{uuid4().hex[:6]}" if with_key else None
        try:
            attempts = order_twice(self._api, lost, key, TIMEOUT_S)
        except Exception as error:  # noqa: BLE001  a panel must live on
            self.told = {"error": f"The order could not be sent: {why(error)}."}
            return
        booked = [sum(one.charges for one in attempts[: n + 1]) for n in range(len(attempts))]
        heard = [attempt.exchanges[0] for attempt in attempts]
        rows = [
            {"status": each.status, "line": each.status_line, "booked": payments}
            for each, payments in zip(heard, booked, strict=True)
        ]
        self.told = {"id": uuid4().hex, "lost": lost, "key": key, "attempts": rows, "sentence": _sentence(attempts)}

    def _from_page(self, _widget, content, _buffers) -> None:
        if content.get("do") == "play":
            self.play(content["lost"], content["key"])


def _sentence(attempts: list[Experiment]) -> str:
    first, second = (attempt.exchanges[0] for attempt in attempts)
    payments = counted(sum(attempt.charges for attempt in attempts), "payment")
    heard = f"{first.status_line} within {TIMEOUT_S:g} s, then {second.status_line}"
    return f"What the client sees: {heard}. What the database holds of this order: {payments}."


def lost_order(api: Api) -> LostOrder:
    """An order at the real API, played slowly: lose the request or its answer, with a key or without.

    Raises ValueError for what is no running API.
    """
    if not isinstance(api, Api):
        raise ValueError(f"lost_order needs the running API, such as start_api(), got {api!r}")
    return LostOrder(api)
