"""How "no" looks on the wire.

======================  =========================================================================
``InputRefused``        422, ``{"detail": [{"type", "loc", "msg", "input", "ctx"?}, ...]}``
``ServiceRefused``      its status, ``{"detail": "...", "error_type"?: "..."}``, ``X-Fal-Error-Type``
no such route           404 or 405, ``{"detail": "..."}``
anything else           500 ``internal_error``, by :mod:`tintype.api.envelope`
======================  =========================================================================

A failed job is answered with the same :func:`render`, later.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from tintype.core import APPLICATION, JSON, Failure
from tintype.errors import INTERNAL, NOT_STARTED, Refusal

log = structlog.get_logger(__name__)

UNKNOWN = Failure(404, "Request not found")
"""No such job, or not this key's: an outsider must not learn which."""

STILL_RUNNING = Failure(400, "Request is still in progress")
"""The result was asked for too early."""


def render(failure: Failure, headers: Mapping[str, str] | None = None, **more: Any) -> JSONResponse:
    """fal's envelope; ``more`` stands beside ``detail`` in the body."""
    body = {**content(failure), **more}
    said = dict(headers or {})
    if failure.status in (404, 422):
        said["x-fal-billable-units"] = "0"
    if isinstance(failure.detail, list):
        # Two names for one hint: fal's documents disagree.
        said |= {"x-fal-retryable": "false", "x-fal-needs-retry": "0"}
    if failure.error_type is not None:
        said["x-fal-error-type"] = failure.error_type
    if failure.error_type == NOT_STARTED.error_type:
        said["x-fal-request-timeout-type"] = "user"  # fal's clients then do not try again
    if failure.status == 429:
        said["x-fal-needs-retry"] = "1"
    return JSONResponse(body, failure.status, said)


def content(failure: Failure) -> JSON:
    """The body of fal's envelope."""
    kind = {} if failure.error_type is None else {"error_type": failure.error_type}
    return {"detail": failure.detail, **kind}


def failure_of(error: Exception) -> Failure:
    """What to tell a client who can no longer be sent a status; a mistake of ours goes to the log."""
    if isinstance(error, Refusal):
        return error.failure
    log.error("a request failed by a mistake of ours", exc_info=error)
    return INTERNAL


def in_words(failure: Failure) -> str:
    """Why, as one line of text."""
    if isinstance(failure.detail, str):
        return failure.detail
    return "; ".join(f"{'.'.join(map(str, each['loc'][1:])) or 'input'}: {each['msg']}" for each in failure.detail)


async def on_refusal(_request: Request, error: Exception) -> JSONResponse:
    """The answer to anything refused on purpose."""
    assert isinstance(error, Refusal)
    return render(error.failure)


async def on_no_route(request: Request, error: Exception) -> JSONResponse:
    """The answer to a path or a method that is not served."""
    assert isinstance(error, HTTPException)
    if error.status_code != 404:
        return render(Failure(error.status_code, error.detail), error.headers)
    return render(Failure(404, _what_is_missing(request.scope["path"])))


def _what_is_missing(path: str) -> str:
    """fal first looks for an application (``/owner/alias``), then for a path inside it."""
    application = f"/{APPLICATION}"
    if path.startswith(f"{application}/"):
        return f"Path {path.removeprefix(application)} not found"
    names = path.strip("/").split("/")
    return f'Application "{names[1]}" not found' if len(names) > 1 else f"Path {path} not found"
