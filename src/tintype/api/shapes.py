"""What the answers around fal's input and output look like, for the documents; tests hold the answers to it.

Nothing is made from these classes. A field that may be absent is one that ``required`` does not name.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from tintype.core import State


class Log(BaseModel):
    """One line of a request's log."""

    timestamp: str
    message: str
    level: str
    source: str
    labels: dict[str, str]


class FieldError(BaseModel):
    """One rule that the input breaks."""

    model_config = ConfigDict(json_schema_extra={"required": ["type", "loc", "msg"]})

    type: str
    loc: list[str | int]
    msg: str
    input: Any
    ctx: dict[str, Any]


class Error(BaseModel):
    """Any answer but the wanted one: a text, or a list if the input was refused."""

    model_config = ConfigDict(json_schema_extra={"required": ["detail"]})

    detail: str | list[FieldError]
    error_type: str
    status: str


class QueueStatus(BaseModel):
    """How a request stands."""

    model_config = ConfigDict(json_schema_extra={"required": ["status", "request_id"]})

    status: Literal["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
    request_id: str = Field(description="The request id.")
    response_url: str = Field(description="The response url.")
    status_url: str = Field(description="The status url.")
    cancel_url: str = Field(description="The cancel url.")
    logs: list[Log] | None = Field(description="The logs, if they were asked for.")
    metrics: dict[str, Any] = Field(description="The metrics; `inference_time` in seconds once it is over.")
    queue_position: int = Field(description="How many requests will be started before this one, while it waits.")
    error: str | list[FieldError] = Field(description="Why there is no result.")
    error_type: str = Field(description="The name of that reason, if the service failed.")


class Cancellation(BaseModel):
    """The request will not go on."""

    status: Literal["CANCELLATION_REQUESTED"]
    success: bool = Field(description="Whether the request was cancelled successfully.")


class Worker(BaseModel):
    """One engine, on one device."""

    device: str
    status: Literal["starting", "ready", "failed"]
    phase: str = Field(description="What it is doing, for people to read.")
    model: str
    painting: str | None = Field(description="How far it is, such as `step 3/8`; null: it paints nothing.")
    memory_bytes: int | None = Field(description="Main memory that its process has; null: not known.")


class Health(BaseModel):
    """How the server is."""

    status: Literal["starting", "ready", "failed"]
    phase: str = Field(description="What the engines are doing, for people to read.")
    model: str
    checksum: str
    device: str = Field(description="Where pictures are painted; several are comma-separated.")
    safety_checker: Literal["on", "off", "missing"] = Field(
        description="Whether pictures are checked: as requests ask; never; or not, and requests that ask are refused."
    )
    workers: list[Worker] = Field(description="Each engine.")
    queue: dict[State, int] = Field(description="How many requests are in each state.")
    acceleration: dict[str, str] = Field(description="What each level of acceleration is on the device.")


class Readiness(BaseModel):
    """Requests are painted at once."""

    status: Literal["ready"]


class _AsWritten(GenerateJsonSchema):
    """Keys stay in the order in which people wrote them."""

    def sort(self, value: Any, parent_key: str | None = None) -> Any:  # noqa: ARG002
        return value


class UploadToken(BaseModel):
    """What a Python client sends files with."""

    token: str
    token_type: Literal["Bearer"]
    base_url: str = Field(description="Where to send files in parts.")
    expires_at: datetime


class Uploaded(BaseModel):
    """Where a file lies that was sent."""

    access_url: str


class UploadDescription(BaseModel):
    """The file that will be sent."""

    file_name: str = ""
    content_type: str = "application/octet-stream"


class UploadAddress(BaseModel):
    """Where to send a file, and where it lies then."""

    upload_url: str = Field(description="Signed: no key is needed.")
    file_url: str


class MultipartUpload(BaseModel):
    """Where a file will lie whose parts are sent below that."""

    access_url: str
    uploadId: str


class Part(BaseModel):
    """A part that was sent."""

    partNumber: int = Field(ge=1, le=10_000)
    etag: str


class PartList(BaseModel):
    """Every part, in any order."""

    parts: list[Part]


def json_schemas(models: Iterable[type[BaseModel]], mode: JsonSchemaMode) -> dict[str, Any]:
    """The JSON schemas of ``models`` and of all they refer to, by name, as an OpenAPI document's components."""
    reference = "#/components/schemas/{model}"
    pairs: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, mode) for model in models]
    _, made = models_json_schema(pairs, ref_template=reference, schema_generator=_AsWritten)
    return made["$defs"]
