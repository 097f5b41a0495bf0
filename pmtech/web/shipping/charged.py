"""For the tests in the lesson's repository: what the API of lesson 02 books for an order."""

from collections.abc import Callable
from functools import cache

from pmtech.web.app.server import Api, start_api


@cache
def _api() -> Api:
    return start_api(transport="in_process")


def charged(amount_usd: Callable[[int], int], seats: int) -> int:
    """Dollars that are booked for so many seats when `amount_usd` is the price rule: one order, through the whole API."""
    _api().sells(amount_usd)
    answer = _api().request("POST", "/payments", json={"customer": "Company A", "seats": seats})
    return answer.json()["amount_usd"]
