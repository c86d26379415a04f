"""What is true of every answer, errors too: a request id, CORS headers, and JSON even for our own mistakes."""

from uuid import uuid4

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tintype.api.errors import render
from tintype.errors import INTERNAL

REQUEST_ID = "x-fal-request-id"

CORS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, POST, PUT, DELETE, OPTIONS, HEAD"),
    (
        b"access-control-expose-headers",
        b"x-fal-request-id, x-fal-billable-units, x-fal-request-timeout-type, x-fal-error-type, etag",
    ),
]
# Named one by one, because a "*" does not cover authorization.
ALLOWED_HEADERS = "authorization, content-type, accept, x-fal-queue-priority, x-fal-request-timeout"

log = structlog.get_logger(__name__)


class Envelope:
    """The outermost middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer preflights here; give every other answer its headers on the way out."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        has_begun = False

        async def send_dressed(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                message["headers"] = [*message["headers"], *CORS]
                if not any(name == REQUEST_ID.encode() for name, _ in message["headers"]):
                    message["headers"].append((REQUEST_ID.encode(), str(uuid4()).encode()))
            await send(message)

        if scope["method"] == "OPTIONS":
            return await _preflight(scope)(scope, receive, send_dressed)
        try:
            await self._app(scope, receive, send_dressed)
        except ClientDisconnect:
            return None  # left while sending the body: nothing was stored, and nobody listens
        except Exception:
            log.exception("a request failed by a mistake of ours", path=scope["path"])
            if has_begun:
                raise
            await render(INTERNAL)(scope, receive, send_dressed)


def _preflight(scope: Scope) -> Response:
    asked = Headers(scope=scope).get("access-control-request-headers", "")
    allowed = ", ".join(filter(None, (ALLOWED_HEADERS, asked)))
    return Response(
        status_code=204,
        headers={"access-control-allow-headers": allowed, "access-control-max-age": "86400"},
    )
