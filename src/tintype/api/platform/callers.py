"""Who asks: any key sees what is its own, a key of scope ADMIN sees and manages everything."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from tintype.api.gateway import Account, Wired
from tintype.errors import ServiceRefused
from tintype.keys import LOCAL, PROXY

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks, once they were let in."""

    account: str
    is_admin: bool

    @property
    def sees(self) -> str | None:
        """Whose requests they may look at; None: everybody's."""
        return None if self.is_admin else self.account


async def _caller(request: Request, account: Account, gateway: Wired) -> Caller:
    """ServiceRefused 403: somebody asks who shares an account with strangers.

    Without keys, any page that a user of this machine looks at could otherwise read what was painted, and make keys.
    """
    if account == PROXY:
        raise ServiceRefused(403, "Access denied: this call needs a key, on the proxy path too")
    origin = request.headers.get("origin")
    if account == LOCAL and origin is not None and not _is_of_this_machine(origin):
        raise ServiceRefused(403, f"Access denied for pages of {origin}: make a key first, with tintype keys create")
    return Caller(account, gateway.keys.is_admin(account))


def _is_of_this_machine(origin: str) -> bool:
    try:
        return urlsplit(origin).hostname in THIS_MACHINE
    except ValueError:
        return False


Asker = Annotated[Caller, Depends(_caller)]
"""Anyone with a key; ServiceRefused 401 for others."""


async def _admin(caller: Asker) -> Caller:
    if not caller.is_admin:
        raise ServiceRefused(
            403, "Access denied: this call needs a key of scope ADMIN, made with tintype keys create NAME --admin"
        )
    return caller


Admin = Annotated[Caller, Depends(_admin)]
"""Anyone with a key of scope ADMIN; ServiceRefused 401 or 403 for others."""
