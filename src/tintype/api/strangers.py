"""Web pages that a user of this machine looks at: a server without keys answers whoever reaches it, and they do."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from tintype.api.gateway import Gateway
from tintype.config import parts
from tintype.core import FAL_HOSTS
from tintype.keys import LOCAL, PROXY

THIS_MACHINE = ("localhost", "queue.localhost", "127.0.0.1", "::1")


def is_strange(connection: HTTPConnection, account: str, gateway: Gateway) -> bool:
    """Whether a page of somebody else's asks without a key, or anybody does on the proxy path.

    Its browser tells where it is from (``Origin``), but when it reads under the name that it was loaded from. That name
    may have been led here since (DNS rebinding), so a reader must ask under one of ours (``Host``).
    """
    if account == PROXY:
        return True
    if account != LOCAL:
        return False
    ours = {*THIS_MACHINE, *parts(gateway.settings.names)}
    origin = connection.headers.get("origin")
    asked_as = _name(f"//{connection.headers.get('host', '')}")
    if origin is not None:
        return _name(origin) not in ours
    return connection.scope["method"] in ("GET", "HEAD") and asked_as not in {*ours, *FAL_HOSTS}


def _name(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
