"""ws.fal.run: what a run answers, as frames: ``start`` with the status, the body, ``end``."""

import json
import time
from uuid import uuid4

from starlette.responses import Response
from starlette.websockets import WebSocket

from tintype.api import dialects
from tintype.api.dialects import Message
from tintype.api.envelope import REQUEST_ID
from tintype.api.errors import failure_of, render
from tintype.api.gateway import Wired
from tintype.api.run import respond
from tintype.api.sockets import close, converse, say
from tintype.api.surface import Seen
from tintype.api.tokens import caller_of
from tintype.api.waiting import Left
from tintype.errors import ServiceRefused


async def frames(socket: WebSocket, gateway: Wired, surface: Seen) -> None:
    """The WebSocket ``/fal-ai/z-image/turbo``: one wish after the other, each answered as a run would be."""
    await socket.accept()
    try:
        account = caller_of(socket, gateway)
    except ServiceRefused as refusal:
        await _write(socket, _refused(refusal), time.monotonic())
        await close(socket)
        return

    async def reply(message: Message, left: Left) -> None:
        began = time.monotonic()
        try:
            response = await respond(dialects.read(message), socket, gateway, account, surface, left)
        except Exception as error:
            response = _refused(error)
        await _write(socket, response, began)

    if await converse(socket, gateway, reply):
        await close(socket)


async def _write(socket: WebSocket, response: Response, began: float) -> None:
    about = {
        "request_id": response.headers[REQUEST_ID],
        "status": response.status_code,
        "headers": dict(response.headers),
    }
    seconds = round(time.monotonic() - began, 4)
    await say(socket, json.dumps({"type": "start", **about}))
    await say(socket, bytes(response.body).decode())
    await say(socket, json.dumps({"type": "end", **about, "time_to_first_byte_seconds": seconds}))


def _refused(error: Exception) -> Response:
    return render(failure_of(error), {REQUEST_ID: str(uuid4())})
