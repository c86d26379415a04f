"""OpenAI's images endpoint over the same job, for the tools that speak nothing else. See docs/decisions/0009."""

from typing import Any, Literal

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from tintype.api.answers import address
from tintype.api.body import read_json
from tintype.api.envelope import REQUEST_ID
from tintype.api.errors import route_in
from tintype.api.gateway import Account, Gateway, Wired
from tintype.api.run import forget_inline
from tintype.api.schemas import Input, read, read_input
from tintype.api.surface import Seen, Surface
from tintype.api.waiting import hung_up, painted, sync_job
from tintype.core import JSON, Failure, Format, Job, Params
from tintype.errors import CANCELLED, Refusal

DEFAULT_SIZE = "1024x1024"
BASE64_MODELS = ("gpt-image", "chatgpt-image")
"""Models of these names answer with base64 on OpenAI; whoever asks for one expects it."""


class ImagesRequest(Input):
    """What may be asked. OpenAI's other fields (quality, style, user, ...) are accepted and change nothing."""

    prompt: str = Field(description="What to paint.")
    model: str = Field(default="z-image-turbo", description="Any name: there is one model.")
    n: int = Field(default=1, ge=1, le=4, description="How many pictures.")
    size: str = Field(
        default="auto",
        pattern="^(auto|[1-9][0-9]{0,4}x[1-9][0-9]{0,4})$",
        description=f"`WIDTHxHEIGHT` in pixels; `auto` is {DEFAULT_SIZE}.",
        examples=[DEFAULT_SIZE],
    )
    response_format: Literal["url", "b64_json"] | None = Field(
        default=None, description="Default: `b64_json` if `model` is named like a GPT image model, else `url`."
    )
    output_format: Format = Field(default="png", description="The format of the files.")
    seed: int | None = Field(default=None, description="Not OpenAI's: the same seed paints the same picture.")
    stream: Literal[False] = Field(default=False, description="Streaming is not built.")

    @property
    def wants_base64(self) -> bool:
        """Whether the pictures themselves are to be in the answer."""
        asked = self.response_format or ("b64_json" if self.model.startswith(BASE64_MODELS) else "url")
        return asked == "b64_json"


class OpenAIImage(BaseModel):
    """One picture, in one of two ways."""

    model_config = ConfigDict(json_schema_extra={"required": []})

    url: str
    b64_json: str


class ImagesResponse(BaseModel):
    """What is answered."""

    created: int = Field(description="Seconds since 1970.")
    data: list[OpenAIImage]
    output_format: Format
    size: str = Field(description="`WIDTHxHEIGHT`, as painted.")


class OpenAIErrorBody(BaseModel):
    """Why not."""

    message: str
    type: Literal["invalid_request_error", "server_error"]
    param: str | None = Field(description="The field that is wrong.")
    code: str | None


class OpenAIError(BaseModel):
    """OpenAI's envelope of an error."""

    error: OpenAIErrorBody


async def images(request: Request, gateway: Wired, account: Account, surface: Seen) -> Response:
    """``POST /v1/images/generations``: waits for the pictures, as fal.run does."""
    settings = gateway.settings
    wish = read(ImagesRequest, await read_json(request, settings.max_body_bytes))
    body = _in_fals_words(wish)
    params = read_input(body, settings.max_pixels)
    job = sync_job(params, body, request, gateway, account, surface)
    response = await _answer(await painted(job, gateway, hung_up(request.receive)), params, gateway, surface)
    await forget_inline(job.id, params, gateway)
    return response


def _in_fals_words(wish: ImagesRequest) -> JSON:
    """The same wish as a body for fal's endpoint, and so under fal's rules."""
    width, height = (DEFAULT_SIZE if wish.size == "auto" else wish.size).split("x")
    return {
        "prompt": wish.prompt,
        "image_size": {"width": int(width), "height": int(height)},
        "num_images": wish.n,
        "output_format": wish.output_format,
        "seed": wish.seed,
        "sync_mode": wish.wants_base64,
    }


async def _answer(job: Job, params: Params, gateway: Gateway, surface: Surface) -> Response:
    """Refusal: the job produced nothing."""
    if job.result is None:
        raise Refusal(job.failure or CANCELLED)
    data: list[dict[str, str]] = []
    for image in job.result.images:
        where = await address(image, surface.root, gateway.files)
        assert where is not None, "what was just painted is kept at least a minute"
        data.append({"b64_json": where.partition(",")[2]} if params.inline else {"url": where})
    return JSONResponse(
        {
            "created": int(job.finished_at or job.created_at),
            "data": data,
            "output_format": params.format,
            "size": f"{params.width}x{params.height}",
        },
        headers={REQUEST_ID: job.id, "x-request-id": job.id},
    )


def _render(failure: Failure) -> Response:
    """OpenAI refuses an input with 400, and names one field."""
    status, message, code, param = failure.status, failure.detail, failure.error_type, None
    if not isinstance(message, str):
        status, code, param = (400 if status == 422 else status), message[0]["type"], _param(message[0])
        message = f"Invalid '{param}': {message[0]['msg']}" if param else message[0]["msg"]
    if status == 401:
        code = "invalid_api_key"
    kind = "invalid_request_error" if status < 500 else "server_error"
    return JSONResponse({"error": {"message": message, "type": kind, "param": param, "code": code}}, status)


def _param(entry: dict[str, Any]) -> str | None:
    """The field, as OpenAI calls it; None: it is the body as a whole."""
    field = entry["loc"][1] if len(entry["loc"]) > 1 else None
    return "size" if field == "image_size" else field if isinstance(field, str) else None


Route = route_in(_render)
"""A route whose refusals are in OpenAI's words."""
