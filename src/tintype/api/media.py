"""Pictures and uploads, for anyone who has their address."""

import re
import time
from email.utils import format_datetime
from typing import get_args

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tintype import images
from tintype.api.errors import render
from tintype.api.gateway import Gateway, Wired
from tintype.core import Failure, Format
from tintype.files import PRIVATE, UPLOADS, Stored, end_of

MEDIA_TYPES = {images.extension(form): images.content_type(form) for form in get_args(Format)}
KEY = re.compile(r"([\w-]{1,64}/){1,4}[\w-]{1,64}\.\w{1,8}", re.ASCII)
"""What a key looks like. Of two names for one file, such as ``x/../inline/y``, one might be let through."""
UPLOAD = re.compile(rf"(until/\d+/)?{UPLOADS}.*", re.ASCII)
MISSING = Failure(404, "File not found")
YEAR = 365 * 86400
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
SANDBOX = {"content-security-policy": "sandbox; default-src 'none'"}
"""A page that somebody uploaded must not act in our name."""


async def media(key: str, request: Request, gateway: Wired) -> Response:
    """``GET`` and ``HEAD /files/{key}``: no API key needed."""
    end = end_of(key)
    left = YEAR if end is None else end - time.time()
    if not KEY.fullmatch(key) or key.startswith(PRIVATE) or left <= 0:
        return render(MISSING)
    content_type, extra = MEDIA_TYPES.get(key.rpartition(".")[2]), dict[str, str]()
    if UPLOAD.fullmatch(key):
        content_type, extra = await _uploaded_type(key, gateway), SANDBOX
    stored = await gateway.files.head(key) if content_type else None
    if stored is None or content_type is None:
        return render(MISSING)
    headers = {
        # A key is written once, so what was fetched stays true.
        "cache-control": f"public, max-age={min(int(left), YEAR)}, immutable",
        "x-content-type-options": "nosniff",
        "accept-ranges": "bytes",
        "etag": stored.etag,
        "last-modified": format_datetime(stored.modified, usegmt=True),
        **extra,
    }
    return _answer(key, stored, request, gateway, headers | {"content-type": content_type})


async def _uploaded_type(key: str, gateway: Gateway) -> str | None:
    """What its sender called it; None while it is not all here."""
    upload = await gateway.store.upload(key)
    return upload.content_type if upload is not None and upload.size is not None else None


def _answer(key: str, stored: Stored, request: Request, gateway: Gateway, headers: dict[str, str]) -> Response:
    """All of it, the part that was asked for, or only the word that it has not changed."""
    if _names(request.headers.get("if-none-match", ""), stored.etag):
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        return Response(headers=headers | {"content-length": str(stored.size)})
    status, start, stop = 200, 0, stored.size
    if part := _asked_part(request, stored):
        status, (start, stop) = 206, part
        if start >= stop:
            return render(
                Failure(416, f"The file has {stored.size} bytes; none of them were asked for"),
                {"content-range": f"bytes */{stored.size}"},
            )
        headers["content-range"] = f"bytes {start}-{stop - 1}/{stored.size}"
    headers["content-length"] = str(stop - start)
    return StreamingResponse(gateway.files.read(key, start, stop), status, headers)


def _names(header: str, etag: str) -> bool:
    """Whether an ``If-None-Match`` means this one."""
    return any(each.strip().removeprefix("W/") in (etag, "*") for each in header.split(","))


def _asked_part(request: Request, stored: Stored) -> tuple[int, int] | None:
    """From where until before where; None for all. Several parts at once, and what cannot be read, are all too."""
    asked = RANGE.fullmatch(request.headers.get("range", "").strip())
    if not asked or asked[0] == "bytes=-" or request.headers.get("if-range", stored.etag) != stored.etag:
        return None
    first, last = asked.groups()
    if not first:
        return max(stored.size - int(last), 0), stored.size
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, stored.size) if last else stored.size
