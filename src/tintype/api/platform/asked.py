"""What the parameters of several calls have in common: lists of names, and places in long lists."""

import base64
import binascii
import json
from collections.abc import Collection, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from tintype.api.platform.errors import refused
from tintype.core import ENDPOINT
from tintype.errors import ServiceRefused
from tintype.store.history import Point

MOST_NAMES = 50


def _split(value: Any) -> Any:
    """fal takes both ``?name=a&name=b`` and ``?name=a,b``."""
    if isinstance(value, list):
        texts = [part for part in value if isinstance(part, str)]  # pyright: ignore[reportUnknownVariableType]
        return [name.strip() for text in texts for name in text.split(",") if name.strip()]
    return value


Split = BeforeValidator(_split)
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_./:-]{1,100}$")]
"""An id of some kind. Nothing else gets as far as the database."""
Names = Annotated[list[Name], Split, Field(max_length=MOST_NAMES)]
NamesWanted = Annotated[list[Name], Split, Field(min_length=1, max_length=MOST_NAMES)]


class Page(BaseModel):
    """What every answer with a list has."""

    next_cursor: str | None = Field(description="To be sent as `cursor` for the next page; null on the last one.")
    has_more: bool


LAST: dict[str, Any] = {"next_cursor": None, "has_more": False}
"""The fields of :class:`Page` where there never is another one."""


def page(cursor: str | None) -> dict[str, Any]:
    """The fields of :class:`Page`."""
    return {"next_cursor": cursor, "has_more": cursor is not None}


def check_served(endpoint_ids: Collection[str]) -> None:
    """ServiceRefused 404: none of these models is here."""
    if ENDPOINT not in endpoint_ids:
        raise ServiceRefused(404, f"None of {', '.join(endpoint_ids)} is served here; {ENDPOINT} is")


def cursor_of(kind: str, point: Point) -> str:
    """The place of ``point`` in a list, as a text whose contents are nobody's business."""
    return base64.urlsafe_b64encode(json.dumps([kind, *point]).encode()).decode()


def point_of(kind: str, cursor: str | None) -> Point | None:
    """The place that :func:`cursor_of` wrote down; ServiceRefused 400: it was not for such a list."""
    if cursor is None:
        return None
    try:
        match json.loads(base64.urlsafe_b64decode(cursor)):
            case [str(of), float(value), str(name)] if of == kind and abs(value) < 1e12 and name.isascii():
                if name.isprintable():
                    return Point(value, name)
            case _:
                pass
    except (binascii.Error, ValueError, RecursionError):
        pass
    raise refused("cursor", cursor, "the next_cursor of an answer to the same question")


def cut(items: Sequence[Any], limit: int) -> tuple[Sequence[Any], bool]:
    """The first ``limit`` of one more than that, and whether there was one more."""
    return items[:limit], len(items) > limit
