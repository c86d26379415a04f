"""API keys over HTTP. Those of scope ADMIN are made, shown and revoked by the command line only."""

from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from tintype.api.body import read_json
from tintype.api.gateway import Wired
from tintype.api.platform.asked import Page, Split, cursor_of, cut, page, point_of
from tintype.api.platform.callers import Admin
from tintype.api.platform.window import written
from tintype.api.schemas import Input, read
from tintype.errors import ServiceRefused
from tintype.keys import Key
from tintype.store.history import Point


class KeysAsked(BaseModel):
    """The parameters."""

    limit: int = Field(50, ge=1, le=1000)
    cursor: str | None = None
    expand: Annotated[list[Literal["creator_info"]], Split] = Field([], description="Nobody knows who made a key.")


class ShownKey(BaseModel):
    """A key, without its secret."""

    key_id: str
    alias: str
    scope: Literal["API"]
    created_at: str


class ShownKeys(Page):
    """What is answered, oldest first."""

    keys: list[ShownKey]


class KeyWanted(Input):
    """A key that is to be made."""

    alias: str = Field(min_length=1, max_length=200, description="What it is for.")


class MadeKey(BaseModel):
    """A new key, shown this once."""

    key_id: str
    key_secret: str
    key: str = Field(description="`key_id:key_secret`, to be used as FAL_KEY.")


async def show(asked: Annotated[KeysAsked, Query()], gateway: Wired, _caller: Admin) -> ShownKeys:
    """``GET /v1/keys``."""
    after = point_of("keys", asked.cursor)
    keys = sorted((key for key in gateway.keys.list() if key.scope == "API"), key=_point)
    shown, more = cut([key for key in keys if after is None or _point(key) > after], asked.limit)
    return ShownKeys(
        keys=[_shown(key) for key in shown], **page(cursor_of("keys", _point(shown[-1])) if more else None)
    )


async def create(request: Request, gateway: Wired, _caller: Admin) -> MadeKey:
    """``POST /v1/keys``. The first one of a server closes it to all who have none."""
    wanted = read(KeyWanted, await read_json(request, gateway.settings.max_body_bytes))
    key = gateway.keys.create(wanted.alias)  # in this thread: one at a time
    key_id, _, secret = key.partition(":")
    return MadeKey(key_id=key_id, key_secret=secret, key=key)


async def revoke(key_id: str, gateway: Wired, _caller: Admin) -> Response:
    """``DELETE /v1/keys/{id}``."""
    known = any(key.id == key_id and key.scope == "API" for key in gateway.keys.list())
    if not known or not gateway.keys.revoke(key_id):
        raise ServiceRefused(404, "There is no such key of scope API; others are revoked with tintype keys revoke ID")
    return Response(status_code=204)


def _shown(key: Key) -> ShownKey:
    return ShownKey(key_id=key.id, alias=key.name, scope="API", created_at=written(key.created_at))


def _point(key: Key) -> Point:
    return Point(key.created_at, key.id)
