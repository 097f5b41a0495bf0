"""Somebody else's API: the calendar of a survey's owner. Our own server calls it, and does not control it."""

import asyncio

import httpx
from fastapi import FastAPI, HTTPException

from pmtech.web.app.faults import Faults
from pmtech.web.strict_json import parse

TIMEOUT_S = 1.0
EVENTS = {"ana": ["Mon 10:00 Board meeting", "Tue 14:00 Interviews"], "ben": ["Wed 09:00 Menu tasting"]}


def create_calendar(faults: Faults) -> FastAPI:
    """The other company's app: `GET /events?owner=ana`, as slow as `faults` says."""
    app = FastAPI(title="Calendar", docs_url=None, redoc_url=None)

    @app.get("/events")
    async def events(owner: str):
        await asyncio.sleep(faults.calendar_ms / 1000)
        return {"owner": owner, "events": EVENTS.get(owner, [])}

    return app


class CalendarClient:
    """Our side of the call. Waits `TIMEOUT_S` and no longer: a caller without a timeout is as slow as its slowest friend."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None):
        self.url, self.transport = url, transport

    async def events(self, owner: str) -> list[str]:
        """The owner's events. Raises HTTPException: 504 when there is no answer in time, 502 when it makes no sense."""
        # Plain HTTP on this machine: loading root certificates would only cost time.
        transport = self.transport or httpx.AsyncHTTPTransport(verify=False)
        try:
            async with httpx.AsyncClient(base_url=self.url, transport=transport, trust_env=False) as client:
                answer = await asyncio.wait_for(client.get("/events", params={"owner": owner}), TIMEOUT_S)
            return [str(event) for event in parse(answer.raise_for_status().content, "the answer")["events"]]
        except (TimeoutError, httpx.TimeoutException):
            raise HTTPException(504, f"the calendar did not answer within {TIMEOUT_S:g} s") from None
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            raise HTTPException(502, "the calendar gave no answer that makes sense") from None
