"""Who asks: any key sees what is its own, a key of scope ADMIN sees and manages everything."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from tintype.api.gateway import Account, Wired
from tintype.api.strangers import is_strange
from tintype.errors import ServiceRefused
from tintype.keys import PROXY


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
    if is_strange(request, account, gateway):
        asked = f"{request.headers.get('host')} for pages of {request.headers.get('origin', 'that name')}"
        raise ServiceRefused(403, f"Access denied as {asked}: make a key first, with tintype keys create")
    return Caller(account, gateway.keys.is_admin(account))


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
