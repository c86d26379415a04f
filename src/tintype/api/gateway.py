"""What every route needs: the parts it works with, and whose request it is."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, Protocol

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader
from starlette.requests import HTTPConnection

from tintype.api.seats import Seats
from tintype.api.watch import Watch
from tintype.config import Settings
from tintype.errors import ServiceRefused
from tintype.files import FileStore
from tintype.keys import LOCAL, PROXY, Keys
from tintype.signatures import Signer
from tintype.store import Bus, Store


class EngineState(Protocol):
    """What the health pages may say about the engine."""

    @property
    def state(self) -> str:
        """``starting``, ``ready`` or ``failed``."""
        ...

    @property
    def phase(self) -> str:
        """What it is doing, for people to read."""
        ...

    @property
    def model(self) -> str: ...  # noqa: D102
    @property
    def checksum(self) -> str: ...  # noqa: D102
    @property
    def device(self) -> str: ...  # noqa: D102
    @property
    def not_built(self) -> dict[str, str]:
        """Fields of the API that are accepted but change nothing yet: field -> plain words."""
        ...


@dataclass(frozen=True, slots=True)
class Gateway:
    """The parts behind the routes."""

    settings: Settings
    store: Store
    bus: Bus
    files: FileStore
    keys: Keys
    engine: EngineState
    seats: Seats
    watch: Watch
    signer: Signer
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server begins to stop: whoever waits for a picture is told so."""


async def _gateway(request: Request) -> Gateway:
    return request.app.state.gateway


Wired = Annotated[Gateway, Depends(_gateway)]


def account_of(request: HTTPConnection, gateway: Gateway) -> str:
    """The id of the API key that asks; ServiceRefused 401 for anybody else."""
    authorization = request.headers.get("authorization")
    account = gateway.keys.account(authorization)
    # The last key may be revoked while we listen to the world: that must not let the world in.
    if account is None or (account == LOCAL and not gateway.settings.is_private):
        if authorization or not _may_go_without(request, gateway):
            raise ServiceRefused(401, "invalid key credentials")
        return PROXY
    return account


def _may_go_without(request: HTTPConnection, gateway: Gateway) -> bool:
    """Whether it came through the proxy path, and the operator opened that to all."""
    return gateway.settings.proxy_without_key and getattr(request.state, "through_proxy", False)


AUTHORIZATION = APIKeyHeader(
    name="Authorization", scheme_name="key", description="`Key id:secret` or `Bearer id:secret`", auto_error=False
)


async def _account(
    request: Request, gateway: Wired, _for_the_document: Annotated[str | None, Security(AUTHORIZATION)]
) -> str:
    return account_of(request, gateway)


Account = Annotated[str, Depends(_account)]
"""The id of the API key that asks; ServiceRefused 401 for anybody else."""
