"""How "no" looks on the Platform API: another envelope than everywhere else.

``{"error": {"type", "message", "request_id"}}``, where ``type`` follows from the status. A refused input is a 400.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import uuid4

from fastapi import Request
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tintype.api.envelope import REQUEST_ID
from tintype.api.errors import route_in
from tintype.core import Failure
from tintype.errors import ServiceRefused

Kind = Literal[
    "authorization_error", "validation_error", "not_found", "rate_limited", "server_error", "not_implemented"
]

KINDS: dict[int, Kind] = {
    401: "authorization_error",
    403: "authorization_error",
    404: "not_found",
    429: "rate_limited",
    501: "not_implemented",
}
MOST_NAMED = 3
"""Broken rules that one message names."""


class PlatformErrorBody(BaseModel):
    """Why not."""

    type: Kind
    message: str
    docs_url: str = ""
    request_id: str


class PlatformError(BaseModel):
    """The envelope of an error on the Platform API."""

    error: PlatformErrorBody


def render(failure: Failure, headers: Mapping[str, str] | None = None) -> Response:
    """The envelope, with an id of its own for this one question."""
    detail = failure.detail
    message = detail if isinstance(detail, str) else _said(detail)
    status = 400 if failure.status == 422 else failure.status
    kind = KINDS.get(status, "validation_error" if status < 500 else "server_error")
    request_id = str(uuid4())
    body = {"error": {"type": kind, "message": message, "request_id": request_id}}
    return JSONResponse(body, status, {**(headers or {}), REQUEST_ID: request_id})


async def on_no_route(_request: Request, error: HTTPException) -> Response:
    """The answer to a path or a method that is not served."""
    if error.status_code != 404:
        return render(Failure(error.status_code, error.detail), error.headers)
    return render(Failure(404, "There is no such call; docs/reference/platform-api.md and /openapi.json list them all"))


def refused(what: str, given: str, allowed: str) -> ServiceRefused:
    """A parameter that cannot be understood."""
    return ServiceRefused(400, f"{what}: {given[:200]!r} cannot be understood; allowed is {allowed}")


def _said(broken: Sequence[Mapping[str, Any]]) -> str:
    """Pydantic's entries in one line. What was given stands there only as far as pydantic's own texts quote it."""
    rules = [f"{'.'.join(str(part) for part in entry['loc'][1:]) or 'body'}: {entry['msg']}" for entry in broken]
    more = [f"and {len(rules) - MOST_NAMED} more"] if len(rules) > MOST_NAMED else []
    return "; ".join(rules[:MOST_NAMED] + more)


Route = route_in(render)
"""A route whose refusals are in the Platform API's words."""
