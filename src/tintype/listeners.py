"""Where clients reach the server: plain HTTP and TLS, each also on a port that means fal's queue, and a CONNECT proxy.

All of them lead to one application; ``api/surface.py`` tells them apart.
"""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from tintype import certificates, connect_proxy
from tintype.config import Settings, parts
from tintype.errors import SetupError

GRACE_SECONDS = 3
"""How long open connections may take to end when the server stops."""

# uvicorn knows the phrases of registered codes only, and fal's JavaScript client shows the phrase to its user.
STATUS_LINE[499] = b"HTTP/1.1 499 Client Closed Request\r\n"


@dataclass(frozen=True, slots=True)
class Sockets:
    """The listening sockets."""

    plain: list[socket.socket]
    tls: list[socket.socket]
    """The first is not the queue's own."""
    proxy: list[socket.socket]
    """One or none."""


@contextlib.contextmanager
def opened(settings: Settings) -> Generator[Sockets]:
    """Listen on every port that is set; SetupError when one cannot be had."""
    with contextlib.ExitStack() as stack:

        def listen(*names: str) -> list[socket.socket]:
            ports = [(name, getattr(settings, name)) for name in names]
            return [stack.enter_context(_listen(settings.host, port, name)) for name, port in ports if port]

        yield Sockets(listen("port", "queue_port"), listen("tls_port", "tls_queue_port"), listen("proxy_port"))


class Listeners:
    """The servers over the sockets, and how they begin and end together."""

    def __init__(self, app: ASGIApp, settings: Settings, sockets: Sockets) -> None:
        """SetupError: the operator's certificate cannot be used."""
        made = certificates.ensure(settings.home / "tls", _names(settings))
        context = certificates.context(made, settings.certificate, settings.certificate_key)

        def tls(_config: uvicorn.Config, _default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
            return context

        plain, secure = _Server(_config(app, settings)), _Server(_config(app, settings, ssl_context_factory=tls))
        self._servers = [(plain, sockets.plain), (secure, sockets.tls)]
        self._sockets = sockets

    async def run(self) -> None:
        """Answer until :meth:`stop`, then for as long as open connections need, but not long."""
        tls = _reachable(self._sockets.tls[0])
        proxies = [asyncio.create_task(connect_proxy.serve(sock, tls)) for sock in self._sockets.proxy]
        try:
            await asyncio.gather(*(server.serve(sockets) for server, sockets in self._servers))
        finally:
            for proxy in proxies:
                proxy.cancel()
            await asyncio.gather(*proxies, return_exceptions=True)

    def stop(self) -> None:
        """Have :meth:`run` end."""
        for server, _ in self._servers:
            server.should_exit = True


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to us: there are two of them in one process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _config(app: ASGIApp, settings: Settings, **tls: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=settings.max_body_bytes,
        ws_per_message_deflate=False,  # pictures do not shrink
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # api/surface.py decides whom to trust
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        **tls,
    )


def _names(settings: Settings) -> list[str]:
    """What the certificate must hold beside what it always does."""
    listened = [settings.host] if _is_one_address(settings.host) else []
    return [*listened, *parts(settings.names)]


def _is_one_address(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return True  # a name


def _reachable(sock: socket.socket) -> tuple[str, int]:
    """How this machine reaches what listens there."""
    host: str = sock.getsockname()[0]
    port: int = sock.getsockname()[1]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port


@contextlib.contextmanager
def _listen(host: str, port: int, setting: str) -> Generator[socket.socket]:
    """A listening socket; SetupError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise SetupError(
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another with --{setting.replace('_', '-')}."
        ) from error
    with sock:
        # What is accepted inherits it. asyncio sets it only for sockets that call themselves TCP, as these do not;
        # without it the body of an answer waits 40 ms for the client to confirm the headers.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield sock
