"""A WebSocket to the gateway, as a client without a library of fal's would open it."""

import json
from typing import Any

import msgpack
from websockets.sync.client import ClientConnection, connect

from tests.api.gateway import PATH, Gateway

REALTIME = f"{PATH}/realtime"


def open_socket(gateway: Gateway, path: str = REALTIME, key: str | None = None) -> ClientConnection:
    headers = {"authorization": f"Key {key}"} if key else {}
    return connect(f"{gateway.url.replace('http', 'ws', 1)}{path}", additional_headers=headers, max_size=None)


def send(socket: ClientConnection, wish: Any) -> None:
    """As msgpack."""
    socket.send(msgpack.packb(wish))


def hear(socket: ClientConnection) -> Any:
    """The next message, whatever it is written in."""
    message = socket.recv(timeout=20)
    return msgpack.unpackb(message) if isinstance(message, bytes) else json.loads(message)


def answer(socket: ClientConnection) -> Any:
    """The next message that is not about times."""
    while (told := hear(socket)).get("type") == "x-fal-message":
        assert told["action"] == "timings"
    return told
