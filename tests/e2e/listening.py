"""A gateway behind every listener of the real server, with a painter that costs nothing."""

import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from tests.api.gateway import Gateway
from tests.e2e.server import exports
from tintype.listeners import Listeners, Sockets

PORTS = ("port", "queue_port", "tls_port", "tls_queue_port", "proxy_port")


class Listening(Gateway):
    """``settings.port``, ``.queue_port``, ``.tls_port``, ``.tls_queue_port`` and ``.proxy_port`` are free ports."""

    def __init__(self, home: Path, **settings: Any) -> None:
        opened = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
        self._sockets = Sockets(plain=opened[:2], tls=opened[2:4], proxy=opened[4:])
        ports = {name: sock.getsockname()[1] for name, sock in zip(PORTS, opened, strict=True)}
        super().__init__(home, **ports, **settings)

    def _listen(self, app: ASGIApp) -> tuple[Coroutine[Any, Any, None], Callable[[], None]]:
        listeners = Listeners(app, self.settings, self._sockets)
        self.url = f"http://127.0.0.1:{self.settings.port}"
        return listeners.run(), listeners.stop

    def environment(self, *options: str) -> dict[str, str]:
        """What ``eval "$(tintype env)"`` gives a client's shell."""
        return exports(self.settings.home, self.settings.tls_port, self.settings.proxy_port, *options)
