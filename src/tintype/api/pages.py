"""The web pages: one HTML file for all their addresses, and the files that it names. web/ is what they are built from.

Whoever asks for ``text/html`` is a browser. Addresses that mean something else to others show others that.
"""

import functools
import gzip
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from tintype.api.errors import render
from tintype.api.gateway import Wired
from tintype.api.llms import llms
from tintype.api.surface import Seen, Surface
from tintype.core import Failure

FOLDER = Path(__file__).parents[1] / "assets" / "pages"
ADDRESSES = ("/", "/requests", "/admin", "/docs")
"""Those that are pages to everybody."""

HTML = "text/html"
PROTECTED = {
    # No script or style but our files; nothing from elsewhere; data and blob are pictures that the page holds itself.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
HASHED = re.compile(r"-[\w-]{8}\.\w+$")
FOR_EVER = "public, max-age=31536000, immutable"
"""For a file whose name changes with its content."""


async def page(request: Request, surface: Seen) -> Response:
    """One of :data:`ADDRESSES`: what it shows is the business of the script in it."""
    return _html(request, surface, 200)


async def request_page(job_id: str, request: Request, surface: Seen) -> Response:  # noqa: ARG001
    """``GET /requests/{job_id}``: the same for every request, known or not; the script asks for it."""
    return _html(request, surface, 200)


async def model_page(request: Request, gateway: Wired, surface: Seen) -> Response:
    """The playground and the API page for browsers, their text for everybody else."""
    answer = _html(request, surface, 200) if is_for_browsers(request) else await llms(gateway, surface)
    answer.headers["vary"] = "accept, accept-encoding"
    return answer


async def file(name: str, request: Request) -> Response:
    """``GET /pages/{name}``: a script, a style or an icon."""
    found = _files().get(name)
    if found is None:
        return render(Failure(404, f"The pages have no file {name}"))
    return _sent(request, found, {"cache-control": FOR_EVER if HASHED.search(name) else "no-cache"})


def no_such_page(request: Request) -> Response:
    """What a browser sees of an address that is not there."""
    return _html(request, request.state.surface, 404)


def is_for_browsers(request: Request) -> bool:
    """Whether somebody looks at it: no client of the API asks for HTML."""
    return request.method in ("GET", "HEAD") and HTML in request.headers.get("accept", "")


@dataclass(frozen=True)
class _File:
    content: bytes
    media_type: str

    @functools.cached_property
    def packed(self) -> bytes:
        return gzip.compress(self.content, mtime=0)


@functools.cache
def _files() -> dict[str, _File]:
    paths = [path for path in FOLDER.iterdir() if path.is_file()]
    return {path.name: _File(path.read_bytes(), mimetypes.guess_type(path.name)[0] or "") for path in paths}


@functools.lru_cache(16)
def _index(prefix: str) -> _File:
    """The page, whose files lie below ``prefix`` of this server's address."""
    text = _files()["index.html"].content.replace(b'"./', f'"{prefix}/pages/'.encode())
    return _File(text, HTML)


def _html(request: Request, surface: Surface, status: int) -> Response:
    answer = _sent(request, _index(urlsplit(surface.root).path), {"cache-control": "no-cache", **PROTECTED})
    answer.status_code = status
    return answer


def _sent(request: Request, sent: _File, headers: dict[str, str]) -> Response:
    headers = {**headers, "vary": "accept-encoding", "x-content-type-options": "nosniff"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(sent.content, media_type=sent.media_type, headers=headers)
    return Response(sent.packed, media_type=sent.media_type, headers={**headers, "content-encoding": "gzip"})
