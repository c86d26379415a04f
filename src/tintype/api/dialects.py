"""What clients write into a WebSocket: msgpack, or JSON as text or as bytes. Each is answered in its own writing."""

import json
from enum import Enum
from typing import Any

import msgpack

from tintype.api.body import malformed, parse_json
from tintype.errors import ServiceRefused

Message = bytes | str


class Dialect(Enum):
    """A way to write."""

    MSGPACK = "msgpack"
    TEXT = "JSON as text"
    BYTES = "JSON as bytes"


def dialect_of(message: Message) -> Dialect:
    """How ``message`` is written. A map of msgpack never begins with a brace."""
    if isinstance(message, str):
        return Dialect.TEXT
    return Dialect.BYTES if message.lstrip().startswith(b"{") else Dialect.MSGPACK


def read(message: Message) -> Any:
    """The value in ``message``, of what JSON can say; InputRefused: there is none."""
    if dialect_of(message) is not Dialect.MSGPACK:
        return parse_json(message)
    try:
        return parse_json(json.dumps(msgpack.unpackb(message)))  # pyright: ignore[reportUnknownMemberType]
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        reason = str(error) or type(error).__name__
        raise malformed(0, f"Neither JSON nor what msgpack makes of it: {reason}") from None


def write(value: Any, dialect: Dialect) -> Message:
    """``value`` in that dialect; ServiceRefused 400: msgpack cannot say it."""
    if dialect is Dialect.MSGPACK:
        try:
            packed: bytes = msgpack.packb(value)  # pyright: ignore
        except OverflowError:
            raise ServiceRefused(400, "msgpack has no integers of 2^64 and above; send the message as JSON") from None
        return packed
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if dialect is Dialect.TEXT else text.encode()
