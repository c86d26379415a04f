"""The pictures, for anyone who has their address."""

import asyncio
import hashlib
import re
from typing import get_args

from starlette.responses import FileResponse, Response

from tintype import images
from tintype.api.errors import render
from tintype.api.gateway import Wired
from tintype.core import Failure, Format
from tintype.files import INLINE, PREVIEWS

MEDIA_TYPES = {images.extension(form): images.content_type(form) for form in get_args(Format)}
KEY = re.compile(r"([\w-]{1,64}/){1,4}[\w-]{1,64}\.\w{1,8}", re.ASCII)
"""What a key looks like. Of two names for one file, such as ``x/../inline/y``, one might be let through."""
MISSING = Failure(404, "File not found")
HEADERS = {
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
}
"""A key is written once, so what was fetched stays true."""


async def media(key: str, gateway: Wired) -> Response:
    """``GET`` and ``HEAD /files/{key}``: no API key needed; ranges if the files lie in a local folder."""
    media_type = MEDIA_TYPES.get(key.rpartition(".")[2])
    if media_type is None or not KEY.fullmatch(key) or key.startswith((INLINE, PREVIEWS)):
        return render(MISSING)
    path = await asyncio.to_thread(gateway.files.path, key)
    if path is not None:
        return FileResponse(path, media_type=media_type, headers=HEADERS)
    data = await gateway.files.get(key)
    if data is None:
        return render(MISSING)
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    return Response(data, media_type=media_type, headers={**HEADERS, "etag": etag})
