"""Somebody's server that is called when a result is there, and what fal tells its owner to check."""

import base64
import hashlib
import json
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HANG = 0
"""In place of a status: answer nothing until the receiver is closed."""


@dataclass
class Call:
    """One message as it arrived."""

    path: str
    headers: Message
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def message(self) -> dict[str, Any]:
        return json.loads(self.body)


class Receiver:
    """``with Receiver(500, 500) as receiver``: answers 500 twice, then 200 to everything."""

    def __init__(self, *statuses: int, headers: Mapping[str, str] | None = None, tls: ssl.SSLContext | None = None):
        self.statuses = list(statuses)
        self.calls: list[Call] = []
        self.headers = dict(headers or {})
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = False  # closing then waits for them
        self.port = self._server.server_port
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self, calls: int = 1, seconds: float = 20) -> list[Call]:
        """Until there were so many."""
        deadline = time.monotonic() + seconds
        while len(self.calls) < calls:
            assert time.monotonic() < deadline, f"{len(self.calls)} calls of {calls}"
            time.sleep(0.01)
        return self.calls

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = receiver.statuses.pop(0) if receiver.statuses else 200
                receiver.calls.append(Call(self.path, self.headers, body))
                if status == HANG:
                    receiver.closing.wait(30)
                    return
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


def is_genuine(call: Call, jwks: Any) -> bool:
    """What fal's documentation has a receiver do: the four headers, a clock within five minutes, and a signature by one
    of the published keys over id, user, time and the digest of the body, each on a line of its own."""
    names = ("Request-Id", "User-Id", "Timestamp", "Signature")
    values = [call.headers.get(f"X-Fal-Webhook-{name}") for name in names]
    if None in values:
        return False
    request_id, user_id, timestamp, signature = map(str, values)
    if abs(time.time() - int(timestamp)) > 300:
        return False
    signed = "\n".join([request_id, user_id, timestamp, hashlib.sha256(call.body).hexdigest()]).encode()
    for entry in jwks["keys"]:
        assert (entry["kty"], entry["crv"]) == ("OKP", "Ed25519")
        public = base64.urlsafe_b64decode(entry["x"] + "=" * (-len(entry["x"]) % 4))
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(signature), signed)
        except InvalidSignature:
            continue
        return True
    return False
