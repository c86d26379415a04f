"""Server-sent events: an answer that is written bit by bit, until it ends, its reader leaves or the server stops."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tintype.api.envelope import REQUEST_ID
from tintype.api.errors import content, in_words, render
from tintype.api.gateway import Gateway
from tintype.api.waiting import hung_up, present
from tintype.core import JSON, Failure
from tintype.errors import Refusal

HEADERS = {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",  # nginx would hold events back
}
PING = b": ping\n\n"


class EventStream(Response):
    """One event for each of ``events``, and a ping whenever there was none for a while.

    Nothing is sent before the first of either, so that a Refusal until then is a plain answer with its status. A later
    one is the last event.
    """

    def __init__(self, events: AsyncGenerator[JSON], gateway: Gateway, request_id: str) -> None:
        self._events = events
        self._gateway = gateway
        self._request_id = request_id
        self._has_begun = False
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write to the end. When the reader leaves, ``events`` are closed before this returns."""
        try:
            await present(self._write_all(send), self._gateway, hung_up(receive))
        except Refusal as refusal:
            if not self._has_begun:
                await render(refusal.failure, {REQUEST_ID: self._request_id})(scope, receive, send)
                return
            await self._write(send, _event(error_event(refusal.failure)))
        await send({"type": "http.response.body", "body": b""})

    async def _write_all(self, send: Send) -> None:
        async with contextlib.aclosing(self._events), contextlib.aclosing(self._with_pings()) as chunks:
            async for chunk in chunks:
                await self._write(send, chunk)

    async def _with_pings(self) -> AsyncGenerator[bytes]:
        nothing: JSON = {}
        coming: asyncio.Future[JSON] | None = None
        try:
            while True:
                coming = asyncio.ensure_future(anext(self._events, nothing))
                while not (await asyncio.wait((coming,), timeout=self._gateway.pace.ping))[0]:
                    yield PING
                if coming.result() is nothing:
                    return
                yield _event(coming.result())
        finally:
            if coming is not None:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)

    async def _write(self, send: Send, chunk: bytes) -> None:
        if not self._has_begun:
            self._has_begun = True
            headers = HEADERS | {REQUEST_ID: self._request_id}
            raw = [(name.encode(), value.encode()) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": 200, "headers": raw})
        await send({"type": "http.response.body", "body": chunk, "more_body": True})


def error_event(failure: Failure) -> JSON:
    """What went wrong after the answer had begun: fal's two forms of an error in one, for its documents name both."""
    return content(failure) | {"error": {"status": failure.status, "message": in_words(failure)}}


def _event(data: Any) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
