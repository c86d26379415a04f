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
        await close(socket, *_frames(_refused(refusal), time.monotonic()))
        return

    async def reply(message: Message, left: Left) -> None:
        began = time.monotonic()
        try:
            response = await respond(dialects.read(message), socket, gateway, account, surface, left)
        except Exception as error:
            response = _refused(error)
        for frame in _frames(response, began):
            await say(socket, frame)

    if await converse(socket, gateway, reply):
        await close(socket)


def _frames(response: Response, began: float) -> list[str]:
    about = {
        "request_id": response.headers[REQUEST_ID],
        "status": response.status_code,
        "headers": dict(response.headers),
    }
    seconds = round(time.monotonic() - began, 4)
    return [
        json.dumps({"type": "start", **about}),
        bytes(response.body).decode(),
        json.dumps({"type": "end", **about, "time_to_first_byte_seconds": seconds}),
    ]


def _refused(error: Exception) -> Response:
    return render(failure_of(error), {REQUEST_ID: str(uuid4())})
