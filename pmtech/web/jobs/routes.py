"""The routes of orders: accepted with 202 and a `Location` where their state can be read."""

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path, Response

from pmtech.web.app.api import BODY, KEPT
from pmtech.web.app.problems import documented
from pmtech.web.app.shapes import PaymentIn, Row
from pmtech.web.jobs.orders import Orders


class Order(PaymentIn, Row):
    state: Literal["waiting", "at work", "done", "waiting to be tried again", "failed"]
    attempts: int
    payment: int | None


def routes(orders: Orders) -> APIRouter:
    """`POST /orders` and `GET /orders/{id}`, on these orders.

    What this leaves out: an Idempotency-Key for the order itself; whoever posts it twice has ordered twice.
    """
    router = APIRouter(responses=documented(422))

    @router.post("/orders", status_code=202, response_model=Order, responses=BODY)
    async def place_order(order: PaymentIn, answer: Response):
        placed = orders.add(**order.model_dump())
        answer.headers["Location"] = f"/orders/{placed['id']}"
        return placed

    @router.get("/orders/{order_id:id}", response_model=Order, responses=KEPT | documented(404))
    async def read_order(order_id: Annotated[int, Path(ge=1)], answer: Response):
        order = orders.get(min(order_id, 2**63 - 1))
        if order is None:
            raise HTTPException(404, f"there is no order {order_id}")
        answer.headers["Cache-Control"] = "no-store"
        return order

    return router
