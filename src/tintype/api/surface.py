"""Which of fal's hosts a request means, and how its sender spells our address.

fal has many hosts where we have one server. Only two of them have paths in common: ``fal.run`` answers at once,
``queue.fal.run`` takes requests in. Which of these is meant, the first of these that is there tells:

1. a prefix of the path: ``/run``, ``/queue`` (``/rest``, ``/cdn``, ``/ws``, ``/platform`` are none of the two);
2. the port, if it is one of the queue's own;
3. a Host that begins with ``queue.``.
"""

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from tintype.api import proxy
from tintype.api.errors import render
from tintype.config import parts
from tintype.core import FAL_HOSTS
from tintype.errors import ServiceRefused

PREFIXES = frozenset(filter(None, FAL_HOSTS.values()))

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Surface:
    """One request's view of the server."""

    is_queue: bool
    root: str
    """Scheme, host and port as the client wrote them: media addresses begin with it."""
    base: str
    """The same with the prefix that was used: the API's addresses begin with it."""


class SurfaceMiddleware:
    """Writes ``request.state.surface``, and makes the path the one that fal's host would see.

    One trailing slash is dropped: fal answers both, and must not redirect. Requests to the proxy path
    (:mod:`tintype.api.proxy`) become the requests they carry.
    """

    def __init__(self, app: ASGIApp, trusted_proxies: str, queue_ports: Collection[int] = ()) -> None:
        self._app = app
        self._trusted = networks(trusted_proxies)
        self._queue_ports = frozenset(queue_ports) - {0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as its host would see it."""
        if scope["type"] in ("http", "websocket"):
            try:
                scope = self._seen(scope)
            except ServiceRefused as refusal:  # on the proxy path
                allowed = {"allow": ", ".join(proxy.METHODS)}
                await render(refusal.failure, allowed)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _seen(self, scope: Scope) -> Scope:
        """The request as its host would see it; ServiceRefused if it asks the proxy for what that does not do."""
        scheme, host, proxy_prefix = self._address(scope)
        root = f"{scheme}://{host}{proxy_prefix}"
        prefix, path = _split(scope["path"])
        if scope["type"] == "http" and not prefix and path == proxy.PATH:
            prefix, scope = proxy.aimed(scope)
            is_queue = prefix == "/queue"
        else:
            scope = {**scope, "path": path}
            is_queue = prefix == "/queue" or (not prefix and self._is_queues(scope, host))
        surface = Surface(is_queue, root, root + prefix)
        return {**scope, "state": {**scope.get("state", {}), "surface": surface}}

    def _is_queues(self, scope: Scope, host: str) -> bool:
        """By the port that was connected to, which no header can change, or by the host that was asked for."""
        server = scope["server"]
        return (server is not None and server[1] in self._queue_ports) or host.lower().startswith("queue.")

    def _address(self, scope: Scope) -> tuple[str, str, str]:
        """Scheme, host with port, and what a proxy in front of us takes off the path."""
        headers = Headers(scope=scope)
        scheme, host = scope["scheme"], _host(headers.get("host"), scope)
        if not self._is_trusted(scope["client"]):
            return _http(scheme), host, ""
        # Proxies in a row append; the first value is the client's.
        told = {name: headers.get(f"x-forwarded-{name}", "").split(",")[0].strip() for name in _FORWARDED}
        prefix = "/" + told["prefix"].strip("/") if told["prefix"].strip("/") else ""
        return _http(told["proto"] or scheme), _host(told["host"] or host, scope), prefix

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
    return [ipaddress.ip_network(part, strict=False) for part in parts(text)]


def _host(told: str | None, scope: Scope) -> str:
    """As the client wrote it, if that is a host at all."""
    try:
        if told and urlsplit(f"//{told}").hostname:
            return told
    except ValueError:  # such as [
        pass
    return "{}:{}".format(*scope["server"])


def _split(path: str) -> tuple[str, str]:
    """The surface's prefix, if any, and the rest."""
    first = "/" + path.removeprefix("/").partition("/")[0]
    prefix = first if first in PREFIXES else ""
    return prefix, path.removeprefix(prefix).removesuffix("/") or "/"


def _http(scheme: str) -> str:
    """Addresses handed out through a WebSocket are fetched by HTTP."""
    return {"ws": "http", "wss": "https"}.get(scheme, scheme)


async def _surface(connection: HTTPConnection) -> Surface:
    return connection.state.surface


Seen = Annotated[Surface, Depends(_surface)]
