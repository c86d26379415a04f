"""fal's OpenAPI 3.0.4 document of this endpoint's queue, made from the classes that validate."""

from typing import Any

from starlette.responses import JSONResponse, Response

from tintype.api.gateway import Wired
from tintype.api.schemas import ZImageTurboInput, ZImageTurboOutput
from tintype.api.shapes import Cancellation, Error, QueueStatus, json_schemas
from tintype.api.surface import Seen
from tintype.core import ENDPOINT, JSON
from tintype.errors import ServiceRefused

CATEGORY = "text-to-image"
TITLE = "Z Image"
DESCRIPTION = "Z-Image Turbo is a super fast text-to-image model of 6B parameters developed by Tongyi-MAI."
TAGS = ("turbo", "z-image", "fast")


async def queue_openapi(gateway: Wired, surface: Seen, endpoint_id: str | None = None) -> Response:
    """``GET /api/openapi/queue/openapi.json?endpoint_id=...``: the document, for anyone."""
    if not endpoint_id:
        raise ServiceRefused(400, f"endpoint_id is missing; ask with ?endpoint_id={ENDPOINT}")
    if endpoint_id != ENDPOINT:
        raise ServiceRefused(404, f'Application "{endpoint_id}" not found')
    return JSONResponse(queue_document(surface.root, gateway.settings.expansion_price))


def components(expansion_price: float) -> JSON:
    """Every schema of the document, by name, with the price as it is here."""
    made = {
        **json_schemas([ZImageTurboInput], "validation"),
        **json_schemas([ZImageTurboOutput, QueueStatus, Cancellation, Error], "serialization"),
    }
    schemas = {name: _as_3_0(schema) for name, schema in made.items()}
    expansion = schemas["ZImageTurboInput"]["properties"]["enable_prompt_expansion"]
    expansion["description"] = expansion["description"].replace("0.0025", f"{expansion_price:g}")
    return schemas


def _as_3_0(schema: JSON) -> JSON:
    """What OpenAPI 3.0 calls the same: it has its own words for null, constants, exclusive bounds and examples."""
    said: JSON = {}
    for key, value in schema.items():
        if key == "properties":
            said[key] = {name: _as_3_0(each) for name, each in value.items()}
            said["x-fal-order-properties"] = list(value)
        elif key == "items":
            said[key] = _as_3_0(value)
        elif key == "anyOf":
            said |= _choice([_as_3_0(each) for each in value])
        elif key == "const":
            said["enum"] = [value]
        elif key == "exclusiveMinimum":
            said |= {"minimum": value, "exclusiveMinimum": True}
        elif key == "examples":
            said["example"] = value[0]
        elif key != "default" or value is not None:
            said[key] = value
    return said


def _choice(choices: list[JSON]) -> JSON:
    """One of these; null is a property of a type, not a type."""
    null: JSON = {"type": "null"}
    types = [each for each in choices if each != null]
    nullable: JSON = {"nullable": True} if null in choices else {}
    return {**types[0], **nullable} if len(types) == 1 else {"anyOf": types, **nullable}


def queue_document(root: str, expansion_price: float) -> JSON:
    """The document of a server whose addresses begin with ``root``."""
    page = f"{root}/models/{ENDPOINT}"
    return {
        "openapi": "3.0.4",
        "info": {
            "title": f"Queue OpenAPI for {ENDPOINT}",
            "version": "1.0.0",
            "description": f"The OpenAPI schema for the {ENDPOINT} queue.",
            "x-fal-metadata": {
                "endpointId": ENDPOINT,
                "category": CATEGORY,
                "playgroundUrl": page,
                "documentationUrl": f"{page}/api",
            },
        },
        "components": {
            "securitySchemes": {
                "apiKeyAuth": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Fal Key"}
            },
            "schemas": components(expansion_price),
        },
        "paths": _paths(),
        "servers": [{"url": f"{root}/queue"}],
        "security": [{"apiKeyAuth": []}],
    }


def _paths() -> JSON:
    request_id = _parameter("request_id", "path", "Request ID", type="string")
    logs = _parameter("logs", "query", "Whether to include logs (`1`) in the response or not (`0`).", type="number")
    status = {"200": _json("How the request stands.", "QueueStatus")}
    waiting = {"202": _json("It is not over yet.", "QueueStatus")}
    result = {"200": _json("Result of the request.", "ZImageTurboOutput")}
    cancelled = {"202": _json("The request is being cancelled.", "Cancellation")}
    body = {"required": True, **_content("ZImageTurboInput")}
    job = f"/{ENDPOINT}/requests/{{request_id}}"
    return {
        f"/{ENDPOINT}": {"post": {"requestBody": body, **_answers(status)}},
        job: {"get": {"parameters": [request_id], **_answers(result)}},
        f"{job}/status": {"get": {"parameters": [request_id, logs], **_answers(status | waiting)}},
        f"{job}/cancel": {"put": {"parameters": [request_id], **_answers(cancelled)}},
    }


def _parameter(name: str, place: str, description: str, **schema: Any) -> JSON:
    return {"name": name, "in": place, "required": place == "path", "schema": {**schema, "description": description}}


def _answers(wanted: JSON) -> JSON:
    return {"responses": {**wanted, "default": _json("Why not.", "Error")}}


def _json(description: str, schema: str) -> JSON:
    return {"description": description, **_content(schema)}


def _content(schema: str) -> JSON:
    return {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}
