"""Files that clients send in parts: in any order, several at once. At the end they are joined.

The Python client is given an id to put into the addresses of the parts, the JavaScript client a signature to append
to them: here both are the same, see :func:`~tintype.api.uploads.signature`.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.responses import JSONResponse, Response

from tintype.api.body import read_json
from tintype.api.gateway import Gateway, Wired
from tintype.api.surface import Seen
from tintype.api.uploads import Sender, body_chunks, expect, expected_upload, named_in_headers, signature
from tintype.core import Upload
from tintype.errors import ServiceRefused
from tintype.files import PARTS, Stored

MAX_PARTS = 10_000


class PartNumber(IntegerConvertor):
    """In a path: a number that is worth a look. Another file's name may be a longer one."""

    regex = "[0-9]{1,6}"


register_url_convertor("part", PartNumber())


async def begin(request: Request, gateway: Wired, account: Sender, surface: Seen) -> Response:
    """``POST /files/upload/multipart``: where a file can be put in parts, and the id to put them with."""
    key = await expect(request, gateway, account, *named_in_headers(request))
    return JSONResponse({"access_url": f"{surface.root}/files/{key}", "uploadId": signature(key, gateway)})


async def put_part(key: str, n: int, request: Request, gateway: Wired) -> Response:
    """``PUT {file}/multipart/{id}/{n}`` or ``PUT {file}/{n}?sig=...``: one part; sent again, it is replaced.

    Its ETag stands in the header for Python's clients, and in the body for JavaScript's.
    """
    upload = await _expected(key, request, gateway)
    if upload.size is not None:
        raise ServiceRefused(400, "This file is complete already; ask for another address")
    if not 1 <= n <= MAX_PARTS:
        raise ServiceRefused(400, f"Parts are numbered from 1 to {MAX_PARTS}, not {n}", "bad_request")
    others = await _parts(key, gateway)
    others.pop(n, None)
    left = gateway.settings.max_upload_bytes - sum(part.size for part in others.values())
    chunks = body_chunks(request, max(left, 0))
    stored = await gateway.files.put_stream(f"{_folder(key)}{n}", chunks, durable=False)
    return JSONResponse({"partNumber": n, "etag": stored.etag}, headers={"etag": stored.etag})


async def complete(key: str, request: Request, gateway: Wired) -> Response:
    """``POST .../complete``: the parts, named in any order with their ETags, become the file. Once more is no error."""
    await _expected(key, request, gateway)
    listed = _listed(await read_json(request, gateway.settings.max_body_bytes))
    # A client whose patience ends while a large file is joined asks again.
    async with gateway.joining.setdefault(key, asyncio.Lock()):
        try:
            upload = await _expected(key, request, gateway)
            if upload.size is None:
                await _join(key, listed, gateway)
        finally:
            gateway.joining.pop(key, None)
    return JSONResponse({})


async def _join(key: str, listed: dict[int, str], gateway: Gateway) -> None:
    parts = await _parts(key, gateway)
    _compare(listed, parts)
    chosen = {n: parts[n] for n in sorted(listed)}
    size = sum(part.size for part in chosen.values())
    if size > gateway.settings.max_upload_bytes:
        raise ServiceRefused(413, f"The file is larger than {gateway.settings.max_upload_bytes} bytes")
    await gateway.files.put_stream(key, _joined(key, chosen, gateway))
    await gateway.store.complete_upload(key, size)
    await gateway.files.delete_prefix(_folder(key))


async def _expected(key: str, request: Request, gateway: Gateway) -> Upload:
    signed = request.path_params.get("upload_id") or request.query_params.get("sig", "")
    return await expected_upload(key, signed, gateway)


def _folder(key: str) -> str:
    """Where the parts lie meanwhile, each under its number."""
    return f"{PARTS}{key.split('/')[-2]}/"


async def _parts(key: str, gateway: Gateway) -> dict[int, Stored]:
    return {int(name): part for name, part in (await gateway.files.below(_folder(key))).items()}


async def _joined(key: str, parts: dict[int, Stored], gateway: Gateway) -> AsyncIterator[bytes]:
    for n, part in parts.items():
        async for chunk in gateway.files.read(f"{_folder(key)}{n}", 0, part.size):
            yield chunk


def _listed(body: Any) -> dict[int, str]:
    """The ETags by number from ``{"parts": [{"partNumber": 1, "etag": "..."}, ...]}``."""
    try:
        parts = {part["partNumber"]: part["etag"].strip('"') for part in body["parts"]}
        is_right = all(type(n) is int and 1 <= n <= MAX_PARTS for n in parts)
        if is_right and 0 < len(parts) == len(body["parts"]):
            return parts
    except (TypeError, KeyError, AttributeError):
        pass
    allowed = f'{{"parts": [{{"partNumber": 1, "etag": "..."}}, ...]}} with every part once, up to {MAX_PARTS}'
    raise ServiceRefused(400, f"The list of parts cannot be understood; allowed is {allowed}", "bad_request")


def _compare(listed: dict[int, str], parts: dict[int, Stored]) -> None:
    """ServiceRefused 400: not what was sent, or not from 1 without a gap."""
    missing = [n for n in range(1, max(listed) + 1) if n not in listed or n not in parts]
    changed = [n for n, etag in listed.items() if n in parts and parts[n].etag.strip('"') != etag]
    if missing:
        raise ServiceRefused(400, f"Parts are missing: {_some(missing)}; send them and complete again", "bad_request")
    if changed:
        raise ServiceRefused(400, f"ETags differ from what was sent: {_some(changed)}; send them again", "bad_request")


def _some(numbers: list[int]) -> str:
    shown = ", ".join(str(n) for n in sorted(numbers)[:20])
    return shown + (", ..." if len(numbers) > 20 else "")
