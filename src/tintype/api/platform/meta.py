"""What there is to say of the server, and what is not here at all."""

from collections.abc import Awaitable, Callable

from pydantic import BaseModel

from tintype.api.platform.callers import Asker
from tintype.errors import ServiceRefused


class Meta(BaseModel):
    """What is answered."""

    webhook_ip_ranges: list[str]


async def meta() -> Meta:
    """``GET /v1/meta``, for anyone: webhooks come from this machine, whose address others know better."""
    return Meta(webhook_ip_ranges=[])


def absent(instead: str) -> Callable[[Asker], Awaitable[None]]:
    """A call of fal's that is not built; ``instead``: what to do."""

    async def refuse(_caller: Asker) -> None:
        raise ServiceRefused(501, f"This is not built here. {instead}")

    return refuse
