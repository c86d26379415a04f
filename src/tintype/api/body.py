"""From a request's bytes to JSON values, or to fal's refusal."""

import json
import math
import re
from typing import Any, cast

from starlette.requests import Request

from tintype.core import JSON
from tintype.errors import InputRefused, ServiceRefused

MAX_DRAINED = 64 * 2**20
"""Bytes of a body that is too large which are read and dropped: most clients read no answer before they sent all."""

DEEPEST = 100
"""Lists and objects within each other: what is kept is shown again, and not everything writes deeper ones."""

NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""How it is spelled in JSON; after an even number of backslashes, for two of them spell one."""


async def read_json(request: Request, max_bytes: int) -> Any:
    """The body as JSON; ``{}`` for none, for fal's clients send nothing when there is no input.

    Content-Type is not looked at: curl names a form's where its user means JSON.
    ServiceRefused 413: more than ``max_bytes``. InputRefused: it is not JSON.
    """
    return parse_json(await _read(request, max_bytes))


def parse_json(body: bytes | str) -> Any:
    """A value of JSON, ``{}`` for nothing and for null; InputRefused: it is not JSON."""
    if not body.strip():
        return {}
    try:
        value = json.loads(body, parse_float=_finite, parse_constant=_finite)
        # JSON can spell half a character, and text that holds one can be neither stored nor sent.
        if NUL.search(json.dumps(value, ensure_ascii=False).encode()):
            raise ValueError("Text with U+0000 cannot be stored")
        if _depth(value) > DEEPEST:
            raise ValueError("Nested too deeply")
    except json.JSONDecodeError as error:
        raise malformed(error.pos, error.msg) from None
    except RecursionError:
        raise malformed(0, "Nested too deeply") from None
    except ValueError as error:
        raise malformed(0, str(error)) from None
    return value if value is not None else {}


async def _read(request: Request, max_bytes: int) -> bytes:
    """The whole body, chunked or not, with never more than ``max_bytes`` of it in memory."""
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= max_bytes:
            body += chunk
        elif size > MAX_DRAINED:
            break
    if size > max_bytes:
        raise ServiceRefused(413, f"The request body is larger than {max_bytes} bytes")
    return bytes(body)


def _depth(value: Any) -> int:
    """How many lists and objects are within each other."""
    if isinstance(value, dict):
        value = list(cast("JSON", value).values())
    return 1 + max(map(_depth, cast("list[Any]", value)), default=0) if isinstance(value, list) else 0


def _finite(text: str) -> float:
    """NaN and infinities are not JSON, and 1e999 would become one."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a number of JSON")
    return number


def malformed(position: int, reason: str) -> InputRefused:
    """The refusal of what is not JSON, as FastAPI words it."""
    return InputRefused(
        [
            {
                "type": "json_invalid",
                "loc": ["body", position],
                "msg": "JSON decode error",
                "input": {},
                "ctx": {"error": reason},
            }
        ]
    )
