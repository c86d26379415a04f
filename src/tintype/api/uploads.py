"""Files that clients send: whole ones. Those in parts are :mod:`tintype.api.multipart`'s.

fal's clients first ask for somewhere to put a file. A Python client asks for a token and posts with it; a JavaScript
client, and Python's second try, ask for an address that is signed, and put the file there without any key.
"""

import re
import secrets
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.responses import JSONResponse, Response

from tintype.api.body import MAX_DRAINED, read_json
from tintype.api.gateway import Gateway, InDocument, Wired, account_of
from tintype.api.media import MISSING
from tintype.api.surface import Seen
from tintype.api.terms import lifetime
from tintype.core import Upload
from tintype.errors import Refusal, ServiceRefused
from tintype.files import UPLOADS, Stored, end_of, ending

TOKEN_SECONDS = 3600.0
SIGNED_SECONDS = 12 * 3600.0
"""How long a file may take to be sent; what is not finished is deleted after a day."""
SENDER = "send files"
ADDRESS = "put this file"
"""What signed tokens are for."""
CONTENT_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}([ \t]*;[\x20-\x7e]{0,100})?", re.ASCII)


async def _owner(request: Request, gateway: Wired, _key: InDocument) -> str:
    return _owner_of(request, gateway)


def _owner_of(request: Request, gateway: Gateway) -> str:
    try:
        return account_of(request, gateway)
    except ServiceRefused:
        if request.headers.get("authorization"):
            raise
        raise ServiceRefused(401, "Authorization header is required") from None


Owner = Annotated[str, Depends(_owner)]
"""As ``Account``; fal's storage has its own words for whoever sends no key."""


async def _sender(request: Request, gateway: Wired, _key: InDocument) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    account = gateway.signer.read(SENDER, token.strip()) if scheme.lower() == "bearer" else None
    if account is not None and gateway.keys.knows(account):
        return account
    return _owner_of(request, gateway)


Sender = Annotated[str, Depends(_sender)]
"""The account of a token from :func:`token`, or of a key."""


async def token(gateway: Wired, account: Owner, surface: Seen) -> Response:
    """``POST /storage/auth/token``: a token to send files with, for an hour."""
    expires = datetime.fromtimestamp(int(time.time() + TOKEN_SECONDS), UTC)
    return JSONResponse(
        {
            "token": gateway.signer.token(SENDER, account, TOKEN_SECONDS),
            "token_type": "Bearer",
            "base_url": surface.root,
            "expires_at": expires.isoformat(),  # with +00:00: Python's clients cannot read a Z
        }
    )


async def upload(request: Request, gateway: Wired, account: Sender, surface: Seen) -> Response:
    """``POST /files/upload``: a whole file in one request."""
    key = await expect(request, gateway, account, *named_in_headers(request))
    await _keep(key, request, gateway)
    return JSONResponse({"access_url": f"{surface.root}/files/{key}"})


async def initiate(request: Request, gateway: Wired, account: Owner, surface: Seen) -> Response:
    """``POST /storage/upload/initiate`` and ``.../initiate-multipart``: where to put a file, whole or in parts."""
    body: dict[str, Any] = await read_json(request, gateway.settings.max_body_bytes)
    if not isinstance(body, dict):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise _bad("the body", body, 'an object such as {"file_name": "a.png", "content_type": "image/png"}')
    key = await expect(request, gateway, account, body.get("file_name"), body.get("content_type"))
    url = f"{surface.root}/files/{key}"
    return JSONResponse({"upload_url": f"{url}?sig={signature(key, gateway)}", "file_url": url})


async def put(key: str, request: Request, gateway: Wired) -> Response:
    """``PUT /files/{key}?sig=...``: a whole file to a signed address; no key needed."""
    expected = await expected_upload(key, request.query_params.get("sig", ""), gateway)
    if expected.size is not None:
        raise ServiceRefused(400, "This file is here already and cannot be replaced; ask for another address")
    stored = await _keep(key, request, gateway)
    return JSONResponse({}, headers={"etag": stored.etag})


async def expect(request: Request, gateway: Gateway, account: str, name: Any, content_type: Any) -> str:
    """Note down that a file will be sent, and return its key. ServiceRefused 400: it cannot be taken as described."""
    if name is not None and not isinstance(name, str):
        raise _bad("file_name", name, "text")
    content_type = content_type or "application/octet-stream"
    if not isinstance(content_type, str) or not CONTENT_TYPE.fullmatch(content_type):
        raise _bad("content_type", content_type, "a media type such as image/png")
    headers = request.headers
    lifecycle = headers.get("x-fal-object-lifecycle") or headers.get("x-fal-object-lifecycle-preference")
    key = ending(f"{UPLOADS}{secrets.token_urlsafe(16)}/{_safe_name(name or '')}", lifetime(lifecycle))
    await gateway.store.begin_upload(Upload(key, account, content_type, expires_at=end_of(key)))
    return key


def named_in_headers(request: Request) -> tuple[str | None, str | None]:
    """The file's name and content type, as Python's clients send them."""
    return request.headers.get("x-fal-file-name"), request.headers.get("content-type")


def signature(key: str, gateway: Gateway) -> str:
    """What allows its holder to send this one file."""
    return gateway.signer.token(ADDRESS, key, SIGNED_SECONDS)


async def expected_upload(key: str, signed: str, gateway: Gateway) -> Upload:
    """The upload that ``signed`` allows. ServiceRefused 403: it does not; Refusal 404: the file's end has come."""
    if gateway.signer.read(ADDRESS, signed) != key:
        raise ServiceRefused(403, "This address is not signed for this file, or its time is over; ask for another")
    found = await gateway.store.upload(key)
    if found is None or (found.expires_at or time.time() + 1) <= time.time():
        raise Refusal(MISSING)
    return found


async def body_chunks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body as it comes. ServiceRefused 413 if it is longer than ``limit``, read to its end if that is not far."""
    size = drained = 0
    is_too_large = int(request.headers.get("content-length", 0)) > limit
    async for chunk in request.stream():
        size += len(chunk)
        is_too_large = is_too_large or size > limit
        if not is_too_large:
            yield chunk
            continue
        drained += len(chunk)
        if drained > MAX_DRAINED:
            break
    if is_too_large:
        raise ServiceRefused(413, f"The file is larger than the {limit} bytes that are left of what is allowed")


async def _keep(key: str, request: Request, gateway: Gateway) -> Stored:
    """Store the body under ``key``, and let it be fetched."""
    stored = await gateway.files.put_stream(key, body_chunks(request, gateway.settings.max_upload_bytes))
    await gateway.store.complete_upload(key, stored.size)
    return stored


def _safe_name(name: str) -> str:
    """What of a file's name can stand in a key: letters, digits and an ending of up to eight of them."""
    stem, dot, extension = name.rpartition(".")
    if not (dot and re.fullmatch(r"[A-Za-z0-9]{1,8}", extension)):
        stem, extension = name, "bin"
    return f"{re.sub(r'[^A-Za-z0-9-]+', '_', stem).strip('_')[:64] or 'file'}.{extension}"


def _bad(what: str, given: Any, allowed: str) -> ServiceRefused:
    return ServiceRefused(400, f"{what} is {str(given)[:200]!r}; allowed is {allowed}", "bad_request")
