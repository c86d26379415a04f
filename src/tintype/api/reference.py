"""Our own OpenAPI 3.1 document, of every route; and what it says of each beyond what FastAPI reads from the code."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from tintype import __version__
from tintype.api.media import MEDIA_TYPES
from tintype.api.openai import ImagesRequest, ImagesResponse, OpenAIError
from tintype.api.platform.routes import BODIES
from tintype.api.schemas import ZImageTurboInput, ZImageTurboOutput
from tintype.api.shapes import Cancellation, Error, Health, QueueStatus, Readiness, json_schemas
from tintype.api.surface import Seen
from tintype.core import JSON

Said = dict[str, Any]
"""Keyword arguments of FastAPI's ``add_api_route``."""

ABOUT = """fal's `fal-ai/z-image/turbo` API. Put `/queue` before a path for fal's queue; clients of fal's other hosts
find the same paths. The queue by itself, as fal documents it, is at `/api/openapi/queue/openapi.json`."""


def _body(model: type[BaseModel]) -> JSON:
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _text(media_type: str, description: str) -> JSON:
    return {"description": description, "content": {media_type: {"schema": {"type": "string"}}}}


JOB_ID: JSON = {"name": "job_id", "in": "path", "required": True, "schema": {"type": "string"}}
LOGS: JSON = {"name": "logs", "in": "query", "description": "`1`: with the log.", "schema": {"type": "string"}}
PICTURE: JSON = {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}
REFUSED: dict[int | str, JSON] = {"default": {"model": Error, "description": "Why not."}}

GENERATE: Said = {
    "summary": "Paint, and wait for the pictures; under /queue, take the request in",
    "response_model": ZImageTurboOutput | QueueStatus,
    "openapi_extra": _body(ZImageTurboInput),
}
RESULT: Said = {"summary": "The result of a request", "response_model": ZImageTurboOutput}
STATUS: Said = {
    "summary": "How a request stands",
    "response_model": QueueStatus,
    "responses": {202: {"model": QueueStatus, "description": "It is not over yet."}},
    # Its endpoint is no FastAPI one, so nothing is read from the code.
    "openapi_extra": {"parameters": [JOB_ID, LOGS], "security": [{"key": []}]},
}
CANCEL: Said = {"summary": "Cancel a request", "response_model": Cancellation, "status_code": 202}
MEDIA: Said = {
    "summary": "A picture",
    "response_class": Response,
    "responses": {
        200: {"description": "The file.", **PICTURE},
        206: {"description": "The range that was asked for.", **PICTURE},
        400: _text("text/plain", "The Range header cannot be read."),
        416: _text("text/plain", "There is no such range."),
        404: {"model": Error, "description": "No such file."},
    },
}
HEALTH: Said = {"summary": "How the server is", "response_model": Health}
READY: Said = {"summary": "Whether requests are painted at once", "response_model": Readiness}
IMAGES: Said = {
    "summary": "OpenAI's images endpoint",
    "response_model": ImagesResponse,
    "responses": {"default": {"model": OpenAIError, "description": "Why not."}},
    "openapi_extra": _body(ImagesRequest),
}
DOCUMENT: Said = {"summary": "An OpenAPI document", "response_model": dict[str, Any]}
PAGE: Said = {
    "summary": "The model's page",
    "response_class": Response,
    "responses": {200: _text("text/markdown", "The page.")},
}


async def our_openapi(request: Request, surface: Seen) -> Response:
    """``GET /openapi.json``: this document, for anyone; its server is the one that was asked."""
    return JSONResponse({**_document(request.app), "servers": [{"url": surface.root}]})


def _document(app: FastAPI) -> JSON:
    """Made once: routes do not change while the server runs."""
    if app.openapi_schema is None:
        made = get_openapi(title="Tintype", version=__version__, description=ABOUT, routes=app.routes)
        made["components"]["schemas"] |= json_schemas([ZImageTurboInput, ImagesRequest, *BODIES], "validation")
        app.openapi_schema = made
    return app.openapi_schema
