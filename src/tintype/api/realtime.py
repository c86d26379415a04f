"""fal's realtime protocol: one socket, one message per wish, one per answer."""

import json

from starlette.websockets import WebSocket

from tintype.api import dialects
from tintype.api.answers import outcome
from tintype.api.dialects import Message
from tintype.api.errors import failure_of, in_words
from tintype.api.gateway import Gateway, Wired
from tintype.api.run import forget_inline
from tintype.api.schemas import read_input
from tintype.api.sockets import MAX_WAITING, close, converse, say
from tintype.api.surface import Seen, Surface
from tintype.api.tokens import caller_of
from tintype.api.waiting import Left, painted, sync_job
from tintype.core import JSON, Failure
from tintype.errors import ServiceRefused

# fal's JavaScript client knows the status and gets itself another token; its Python client raises what the type names.
UNAUTHORIZED = {
    "type": "x-fal-error",
    "status": "error",
    "error": "Unauthorized",
    "reason": "the key or token is not one of this server's, or no longer",
}
TIMEOUT = {"type": "x-fal-error", "error": "TIMEOUT", "reason": "no inputs, reconnect when needed!"}


async def realtime(socket: WebSocket, gateway: Wired, surface: Seen) -> None:
    """``/fal-ai/z-image/turbo/realtime[?max_buffering=1..60]``: the newest wishes count, one is painted at a time."""
    await socket.accept()
    try:
        account = caller_of(socket, gateway)
    except ServiceRefused:
        await close(socket, json.dumps(UNAUTHORIZED))
        return

    async def reply(message: Message, left: Left) -> None:
        await _answer(message, socket, gateway, account, surface, left)

    if await converse(socket, gateway, reply, _buffering(socket)):
        await close(socket, json.dumps(TIMEOUT))


async def _answer(
    message: Message, socket: WebSocket, gateway: Gateway, account: str, surface: Surface, left: Left
) -> None:
    """fal's output object in the writing of ``message``, or why there is none; the socket lives on."""
    named: JSON = {}
    dialect = dialects.dialect_of(message)
    try:
        wish = dialects.read(message)
        if isinstance(wish, dict) and "request_id" in wish:
            named = {"request_id": wish["request_id"]}
        params = read_input(wish, gateway.settings.max_pixels)
        dialects.write(named | {"seed": params.seed}, dialect)  # what cannot be answered is not painted
        job = sync_job(params, wish, socket, gateway, account, surface)
        named = named or {"request_id": job.id}
        job = await painted(job, gateway, left)
        output = await outcome(job, gateway, surface) | named
        await forget_inline(job.id, params, gateway)
    except Exception as error:
        return await _tell(socket, _error(failure_of(error)) | named)
    await say(socket, dialects.write(output, dialect))
    return await _tell(socket, {"type": "x-fal-message", "action": "timings", "timing": output["timings"]["inference"]})


def _error(failure: Failure) -> JSON:
    """Both clients show the user ``error: reason``."""
    name = failure.error_type or ("validation_error" if failure.status == 422 else "error")
    return {"type": "x-fal-error", "error": name, "reason": in_words(failure), "detail": failure.detail}


def _buffering(socket: WebSocket) -> int:
    """What the client asks for, within its bounds."""
    asked = socket.query_params.get("max_buffering", "")
    return min(max(1, int(asked)), MAX_WAITING) if asked.isdecimal() and len(asked) < 10 else MAX_WAITING


async def _tell(socket: WebSocket, meta: JSON) -> None:
    """What is not an answer: always text, for only there do the clients look for it."""
    await say(socket, json.dumps(meta, ensure_ascii=False))
