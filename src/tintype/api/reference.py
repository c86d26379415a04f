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
from tintype.api.playground import Playground
from tintype.api.schemas import ZImageTurboInput, ZImageTurboOutput
from tintype.api.shapes import (
    Cancellation,
    Error,
    Health,
    MultipartUpload,
    Part,
    PartList,
    QueueStatus,
    Readiness,
    UploadAddress,
    UploadDescription,
    Uploaded,
    UploadToken,
    json_schemas,
)
from tintype.api.surface import Seen
from tintype.api.tokens import TokenWish
from tintype.api.webhooks import MOST, DeliveryPage, KeySet, WebhookDelivery
from tintype.core import JSON
from tintype.store.deliveries import DeliveryState

Said = dict[str, Any]
"""Keyword arguments of FastAPI's ``add_api_route``."""

ABOUT = """fal's `fal-ai/z-image/turbo` API. Put `/queue` before a path for fal's queue; clients of fal's other hosts
find the same paths. The queue by itself, as fal documents it, is at `/api/openapi/queue/openapi.json`."""


def _body(model: type[BaseModel]) -> JSON:
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _query(name: str, **schema: Any) -> JSON:
    return {"name": name, "in": "query", "schema": {"type": "string", **schema}}


def _text(media_type: str, description: str) -> JSON:
    return {"description": description, "content": {media_type: {"schema": {"type": "string"}}}}


def _events(description: str, last: type[BaseModel]) -> JSON:
    """Each event as an object, as OpenAPI describes them; ``last`` is what the last one holds."""
    data: JSON = {"type": "string", "contentMediaType": "application/json"}
    data["description"] = f"The last one: a {last.__name__}."
    event: JSON = {"type": "object", "required": ["data"], "properties": {"data": data}}
    return {"description": description, "content": {"text/event-stream": {"schema": event}}}


LOGS: JSON = {"name": "logs", "in": "query", "description": "`1`: with the log.", "schema": {"type": "string"}}
UPLOAD_ID: JSON = {"name": "upload_id", "in": "path", "required": True, "schema": {"type": "string"}}
SIGNATURE: JSON = {"name": "sig", "in": "query", "required": True, "schema": {"type": "string"}}
FILE: JSON = {"content": {media_type: {} for media_type in (*MEDIA_TYPES.values(), "*/*")}}
ANY_BODY: JSON = {"requestBody": {"required": True, "content": {"*/*": {}}}}
REFUSED: dict[int | str, JSON] = {"default": {"model": Error, "description": "Why not."}}

GENERATE: Said = {
    "summary": "Paint, and wait for the pictures; under /queue, take the request in",
    "response_model": ZImageTurboOutput | QueueStatus,
    "openapi_extra": _body(ZImageTurboInput),
}
STREAM: Said = {
    "summary": "Paint, and tell every step",
    "response_class": Response,
    "responses": {200: _events("An event for each step.", ZImageTurboOutput)},
    "openapi_extra": _body(ZImageTurboInput),
}
REALTIME_TOKEN: Said = {
    "summary": "A token for streams and WebSockets",
    "response_model": str,
    "openapi_extra": _body(TokenWish),
}
RESULT: Said = {"summary": "The result of a request", "response_model": ZImageTurboOutput}
STATUS: Said = {
    "summary": "How a request stands",
    "response_model": QueueStatus,
    "responses": {202: {"model": QueueStatus, "description": "It is not over yet."}},
    "openapi_extra": {"parameters": [LOGS]},
}
STATUS_STREAM: Said = {
    "summary": "How a request goes on",
    "response_class": Response,
    "responses": {200: _events("An event for each change.", QueueStatus)},
    "openapi_extra": {"parameters": [LOGS]},
}
CANCEL: Said = {"summary": "Cancel a request", "response_model": Cancellation, "status_code": 202}
MEDIA: Said = {
    "summary": "A picture or an upload",
    "response_class": Response,
    "responses": {
        200: {"description": "The file.", **FILE},
        206: {"description": "The range that was asked for.", **FILE},
        304: {"description": "It is the one that If-None-Match names."},
        416: {"model": Error, "description": "There is no such range."},
        404: {"model": Error, "description": "No such file."},
    },
}
TOKEN: Said = {"summary": "A token to send files with", "response_model": UploadToken}
UPLOAD: Said = {"summary": "Send a file", "response_model": Uploaded, "openapi_extra": ANY_BODY}
INITIATE: Said = {
    "summary": "Ask for a signed address to send a file to, whole or in parts",
    "response_model": UploadAddress,
    "openapi_extra": _body(UploadDescription),
}
MULTIPART: Said = {"summary": "Begin to send a file in parts", "response_model": MultipartUpload}
PUT: Said = {
    "summary": "Send a file to a signed address",
    "response_model": dict[str, str],
    "openapi_extra": {**ANY_BODY, "parameters": [SIGNATURE]},
}


def part(path: str) -> Said:
    """How a part is sent; below ``path``."""
    said = {**ANY_BODY, "parameters": [_capability(path)]}
    return {"summary": "Send a part of a file", "response_model": Part, "openapi_extra": said}


def complete(path: str) -> Said:
    """How the parts are joined; below ``path``."""
    said = {**_body(PartList), "parameters": [_capability(path)]}
    return {"summary": "Join the parts of a file", "response_model": dict[str, str], "openapi_extra": said}


def _capability(path: str) -> JSON:
    return UPLOAD_ID if "upload_id" in path else SIGNATURE


HEALTH: Said = {"summary": "How the server is", "response_model": Health}
READY: Said = {"summary": "Whether requests are painted at once", "response_model": Readiness}
IMAGES: Said = {
    "summary": "OpenAI's images endpoint",
    "response_model": ImagesResponse,
    "responses": {"default": {"model": OpenAIError, "description": "Why not."}},
    "openapi_extra": _body(ImagesRequest),
}
KEY_SET: Said = {"summary": "The keys that sign webhooks", "response_model": KeySet}
DELIVERIES: Said = {
    "summary": "What became of webhooks",
    "response_model": DeliveryPage,
    "openapi_extra": {
        "parameters": [
            _query("request_id"),
            _query("state", enum=list(DeliveryState)),
            _query("limit", type="integer", minimum=1, maximum=MOST),
            _query("cursor"),
        ]
    },
}
RETRY: Said = {"summary": "Deliver a result once more", "response_model": WebhookDelivery, "status_code": 202}
DOCUMENT: Said = {"summary": "An OpenAPI document", "response_model": dict[str, Any]}
TEXT: Said = {
    "summary": "The model's page, for language models",
    "response_class": Response,
    "responses": {200: _text("text/markdown", "The page.")},
}
PLAYGROUND: Said = {"summary": "What the playground shows besides the schema", "response_model": Playground}
MODEL_PAGE: Said = {
    "summary": "A web page of the model to browsers, its text to others",
    "response_class": Response,
    "responses": {200: {"description": "The page.", "content": {"text/html": {}, "text/markdown": {}}}},
}
PAGE: Said = {
    "summary": "A web page",
    "response_class": Response,
    "responses": {200: _text("text/html", "The page.")},
}
PAGE_FILE: Said = {
    "summary": "A script, a style or an icon of the web pages",
    "response_class": Response,
    "responses": {200: {"description": "The file.", "content": {"*/*": {}}}},
}


async def our_openapi(request: Request, surface: Seen) -> Response:
    """``GET /openapi.json``: this document, for anyone; its server is the one that was asked."""
    return JSONResponse({**_document(request.app), "servers": [{"url": surface.root}]})


def _document(app: FastAPI) -> JSON:
    """Made once: routes do not change while the server runs."""
    if app.openapi_schema is None:
        made = get_openapi(title="Tintype", version=__version__, description=ABOUT, routes=app.routes)
        made["components"]["schemas"] |= json_schemas(
            [ZImageTurboInput, ImagesRequest, UploadDescription, PartList, TokenWish, *BODIES], "validation"
        )
        app.openapi_schema = made
    return app.openapi_schema
