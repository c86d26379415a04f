"""A WebSocket as a row of messages and answers, until its client leaves or falls silent, or the server stops."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from starlette.websockets import WebSocket, WebSocketDisconnect

from tintype.api.dialects import Message
from tintype.api.gateway import Gateway
from tintype.api.waiting import Left, present
from tintype.errors import ServiceRefused

MAX_WAITING = 60
"""Messages of one client that may wait to be answered; fal's clients ask for up to that many."""
NORMAL, GOING_AWAY = 1000, 1001
"""Codes of WebSockets. fal's clients report any but the first to their user."""

Reply = Callable[[Message, Left], Awaitable[None]]
"""Answers one message, errors too; gives up when the client is gone."""


async def converse(socket: WebSocket, gateway: Gateway, reply: Reply, max_waiting: int = MAX_WAITING) -> bool:
    """Have ``reply`` answer one message after the other. True: the client is there, but was silent too long.

    Of the messages that wait, the oldest give way when there are more than ``max_waiting``.
    """
    waiting: asyncio.Queue[Message] = asyncio.Queue(max_waiting)
    reading = asyncio.create_task(_read_all(socket, waiting))

    async def left() -> None:
        await asyncio.wait([reading])

    try:
        while True:
            try:
                async with asyncio.timeout(gateway.pace.idle):
                    message = await present(waiting.get(), gateway, left)
            except TimeoutError:
                return True
            await reply(message, left)
    except ServiceRefused:  # stopping, or gone; then nobody hears this
        await close(socket, code=GOING_AWAY)
    except WebSocketDisconnect:
        pass
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    return False


async def say(socket: WebSocket, message: Message) -> None:
    """Send it; WebSocketDisconnect: nobody is there."""
    if isinstance(message, str):
        await socket.send_text(message)
    else:
        await socket.send_bytes(message)


async def close(socket: WebSocket, *last_words: Message, code: int = NORMAL) -> None:
    """End it, if it is not over already."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        for message in last_words:
            await say(socket, message)
        await socket.close(code)


async def _read_all(socket: WebSocket, waiting: asyncio.Queue[Message]) -> None:
    """Until the client is gone."""
    while (event := await socket.receive())["type"] == "websocket.receive":
        if waiting.full():
            waiting.get_nowait()
        text: str | None = event.get("text")
        waiting.put_nowait(event["bytes"] if text is None else text)
