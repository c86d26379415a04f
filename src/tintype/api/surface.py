"""Which of fal's hosts a request means, and how its sender spells our address.

fal has two hosts where we have one server: ``fal.run`` answers at once, ``queue.fal.run`` takes requests in. Here it
is the queue if the path begins with ``/queue``, or else if the Host begins with ``queue.``.
"""

import ipaddress
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

PREFIXES = ("/run", "/queue", "/platform")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Surface:
    """One request's view of the server."""

    is_queue: bool
    root: str
    """Scheme, host and port as the client wrote them: media addresses begin with it."""
    base: str
    """The same with the ``/run`` or ``/queue`` that was used: the API's addresses begin with it."""


class SurfaceMiddleware:
    """Writes ``request.state.surface``, and makes the path the one that fal's host would see.

    One trailing slash is dropped: fal answers both, and must not redirect.
    """

    def __init__(self, app: ASGIApp, trusted_proxies: str) -> None:
        self._app = app
        self._trusted = networks(trusted_proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as its host would see it."""
        if scope["type"] == "http":
            prefix, path = _split(scope["path"])
            scheme, host, proxy_prefix = self._address(scope)
            root = f"{scheme}://{host}{proxy_prefix}"
            is_queue = prefix == "/queue" or (not prefix and host.startswith("queue."))
            surface = Surface(is_queue, root, root + prefix)
            scope = {**scope, "path": path, "state": {**scope.get("state", {}), "surface": surface}}
        await self._app(scope, receive, send)

    def _address(self, scope: Scope) -> tuple[str, str, str]:
        """Scheme, host with port, and what a proxy in front of us takes off the path."""
        headers = Headers(scope=scope)
        scheme, host = scope["scheme"], headers.get("host") or "{}:{}".format(*scope["server"])
        if not self._is_trusted(scope["client"]):
            return scheme, host, ""
        # Proxies in a row append; the first value is the client's.
        told = {name: headers.get(f"x-forwarded-{name}", "").split(",")[0].strip() for name in _FORWARDED}
        prefix = "/" + told["prefix"].strip("/") if told["prefix"].strip("/") else ""
        return told["proto"] or scheme, told["host"] or host, prefix

    def _is_trusted(self, peer: tuple[str, int] | None) -> bool:
        if peer is None or not self._trusted:
            return False
        try:
            address = ipaddress.ip_address(peer[0])
        except ValueError:
            return False
        # A socket that listens on IPv6 shows IPv4 peers as ::ffff:192.0.2.1.
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._trusted)


_FORWARDED = ("proto", "host", "prefix")


def networks(text: str) -> list[Network]:
    """From ``10.0.0.1, 192.0.2.0/24``. ValueError: one of them is no address."""
    return [ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip()]


def _split(path: str) -> tuple[str, str]:
    """The surface's prefix, if any, and the rest."""
    prefix = next((each for each in PREFIXES if path == each or path.startswith(f"{each}/")), "")
    return prefix, path.removeprefix(prefix).removesuffix("/") or "/"


async def _surface(request: Request) -> Surface:
    return request.state.surface


Seen = Annotated[Surface, Depends(_surface)]
