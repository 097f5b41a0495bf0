"""What can't be read as an HTTP request, or has headers without an end, never reaches the app. It is answered in the same
form of errors; uvicorn alone would say it in plain text."""

import sys
from http import HTTPStatus

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from pmtech.web.app.asked import TOO_LARGE
from pmtech.web.app.problems import problem

LINGER_S = 1  # in which the rest is read and dropped: who closes on somebody that still sends takes the answer away


class Protocol(H11Protocol):
    refused = False

    def data_received(self, data: bytes) -> None:
        if not self.refused:
            super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        self.refused = True
        status = getattr(sys.exc_info()[1], "error_status_hint", 400)
        said = TOO_LARGE if status == 431 else "this can't be read as an HTTP request"
        answer = problem(status, said, {"Connection": "close"})
        head = h11.Response(status_code=status, headers=answer.raw_headers, reason=HTTPStatus(status).phrase.encode())
        events = (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage())
        self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))
        self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)
