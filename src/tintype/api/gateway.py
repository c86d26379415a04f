"""What every route needs: the parts it works with, and whose request it is."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Protocol

from fastapi import Depends, Security
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


class WorkerState(Protocol):
    """What the health pages may say about one engine."""

    @property
    def state(self) -> str:
        """``starting``, ``ready`` or ``failed``."""
        ...

    @property
    def phase(self) -> str:
        """What it is doing, for people to read."""
        ...

    @property
    def device(self) -> str: ...  # noqa: D102
    @property
    def model(self) -> str: ...  # noqa: D102


class OneWorker(WorkerState, Protocol):
    """What they say about one of several engines only."""

    @property
    def painting(self) -> str | None:
        """How far it is with a picture; None: it is at none."""
        ...

    @property
    def memory(self) -> int | None:
        """Bytes of main memory; None: not known."""
        ...


class EngineState(WorkerState, Protocol):
    """What they may say about all engines of this server, which stand for one."""

    @property
    def checksum(self) -> str: ...  # noqa: D102
    @property
    def workers(self) -> Sequence[OneWorker]:
        """Each engine."""
        ...

    @property
    def safety_checker(self) -> str:
        """``on``, ``off`` or ``missing``."""
        ...

    @property
    def acceleration(self) -> dict[str, str]:
        """What each level of acceleration is on the device."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How long silence may last on a connection that stays open, in seconds."""

    ping: float = 15.0
    """Then a stream of events says that it is still there."""
    idle: float = 60.0
    """Then a WebSocket is closed whose client sent nothing."""


USUAL = Pace()


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
    pace: Pace
    joining: dict[str, asyncio.Lock] = field(default_factory=dict[str, asyncio.Lock])
    """Uploads whose parts are being joined."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server begins to stop: whoever waits for a picture is told so."""


async def _gateway(connection: HTTPConnection) -> Gateway:
    return connection.app.state.gateway


Wired = Annotated[Gateway, Depends(_gateway)]


def account_of(connection: HTTPConnection, gateway: Gateway) -> str:
    """The id of the API key that asks; ServiceRefused 401 for anybody else."""
    authorization = connection.headers.get("authorization")
    account = gateway.keys.account(authorization)
    if not _is_admitted(account, gateway) and not authorization and _may_go_without(connection, gateway):
        return PROXY
    return admitted(account, gateway)


def admitted(account: str | None, gateway: Gateway) -> str:
    """``account``; ServiceRefused 401 if there is none."""
    if account is None or not _is_admitted(account, gateway):
        raise ServiceRefused(401, "invalid key credentials")
    return account


def _is_admitted(account: str | None, gateway: Gateway) -> bool:
    # The last key may be revoked while we listen to the world: that must not let the world in.
    return account is not None and (account != LOCAL or gateway.settings.is_private)


def _may_go_without(connection: HTTPConnection, gateway: Gateway) -> bool:
    """Whether it came through the proxy path, and the operator opened that to all."""
    return gateway.settings.proxy_without_key and getattr(connection.state, "through_proxy", False)


AUTHORIZATION = APIKeyHeader(
    name="Authorization", scheme_name="key", description="`Key id:secret` or `Bearer id:secret`", auto_error=False
)
InDocument = Annotated[str | None, Security(AUTHORIZATION)]
"""Has OpenAPI say that a key is needed; its value is not used."""


async def _account(connection: HTTPConnection, gateway: Wired, _key: InDocument) -> str:
    return account_of(connection, gateway)


Account = Annotated[str, Depends(_account)]
"""The id of the API key that asks; ServiceRefused 401 for anybody else."""
