"""Which models are here: one."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from tintype.api.gateway import Wired
from tintype.api.openapi import CATEGORY, DESCRIPTION, TAGS, TITLE, queue_document
from tintype.api.platform.asked import LAST, Names, Page, Split, check_served
from tintype.api.surface import Seen, Surface
from tintype.core import ENDPOINT, JSON

SINCE = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
"""When this server began to serve it; another start may have brought another checkpoint."""


class ModelsAsked(BaseModel):
    """The parameters; all narrow down."""

    endpoint_id: Names = Field([], description="Only these; repeated, or with commas.")
    q: str = Field("", description="Words that must stand in its name, description or tags.")
    category: str = Field("", description=f"The only one here is `{CATEGORY}`.")
    status: Literal["active", "deprecated"] | None = None
    limit: int = Field(50, ge=1)
    cursor: str | None = Field(None, description="There is no second page.")
    expand: Annotated[list[Literal["openapi-3.0", "enterprise_status"]], Split] = Field(
        [], description="`openapi-3.0`: with the document of its queue."
    )


class Metadata(BaseModel):
    """What there is to know of a model."""

    display_name: str
    category: str
    description: str
    status: Literal["active", "deprecated"]
    tags: list[str]
    updated_at: str
    is_favorited: bool | None
    thumbnail_url: str
    model_url: str
    license_type: Literal["commercial", "research", "private"] = "commercial"
    date: str
    highlighted: bool
    kind: Literal["inference", "training"] = "inference"
    pinned: bool


class Unavailable(BaseModel):
    """Why something that was asked for is not there."""

    code: str
    message: str


class Missing(BaseModel):
    """In the place of something that was asked for."""

    error: Unavailable


class Model(BaseModel):
    """One model."""

    endpoint_id: str
    metadata: Metadata
    openapi: dict[str, Any] = Field({})
    enterprise_status: str | Missing = ""


class Models(Page):
    """What is answered."""

    models: list[Model]


async def models(asked: Annotated[ModelsAsked, Query()], gateway: Wired, surface: Seen) -> Models:
    """``GET /v1/models``, for anyone."""
    if asked.endpoint_id:
        check_served(asked.endpoint_id)
    wanted = asked.category in ("", CATEGORY) and asked.status in (None, "active") and _holds(asked.q)
    more: JSON = {}
    if "openapi-3.0" in asked.expand:
        more["openapi"] = queue_document(surface.root, gateway.settings.expansion_price)
    if "enterprise_status" in asked.expand:
        nobody = Unavailable(code="not_applicable", message="There are no enterprises on a server of one's own")
        more["enterprise_status"] = Missing(error=nobody)
    found = [Model(endpoint_id=ENDPOINT, metadata=_metadata(surface), **more)] if wanted else []
    return Models(models=found, **LAST)


def _holds(words: str) -> bool:
    text = " ".join((ENDPOINT, TITLE, DESCRIPTION, CATEGORY, *TAGS)).lower()
    return all(word in text for word in words.lower().split())


def _metadata(surface: Surface) -> Metadata:
    return Metadata(
        display_name=TITLE,
        category=CATEGORY,
        description=DESCRIPTION,
        status="active",
        tags=list(TAGS),
        updated_at=SINCE,
        is_favorited=None,
        thumbnail_url="",
        model_url=f"{surface.root}/run/{ENDPOINT}",
        license_type="commercial",
        date=SINCE,
        highlighted=False,
        kind="inference",
        pinned=False,
    )
