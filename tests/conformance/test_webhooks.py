"""Webhooks, asked for by the real clients; their rules are tested in tests/api and tests/store."""

import http.server
import json
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.conformance.clients import Clients
from tests.conformance.names import Names


@dataclass
class Receiver:
    """Takes what is delivered, and says so."""

    deliveries: "queue.Queue[tuple[str, dict[str, Any]]]" = field(default_factory=queue.Queue)
    url: str = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.deliveries.put((self.path, json.loads(body)))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        made.url = f"http://127.0.0.1:{server.server_port}/hook?a=b&c=d%20e"
        yield made
        server.shutdown()
        thread.join()


def check_delivery(receiver: Receiver, request_id: str) -> None:
    path, delivered = receiver.deliveries.get(timeout=20)
    assert path == "/hook?a=b&c=d%20e", "the receiver's own query, untouched"
    assert (delivered["request_id"], delivered["status"]) == (request_id, "OK")
    assert delivered["payload"]["seed"] == 9
    assert delivered["payload"]["images"]


@pytest.mark.case("C64")
def test_python_asks_for_a_webhook(clients: Clients, python_here: dict[str, str], receiver: Receiver) -> None:
    check_delivery(receiver, clients.python("webhook.py", receiver.url, **python_here)["request_id"])


@pytest.mark.case("C64")
def test_node_asks_for_a_webhook(clients: Clients, names: Names, receiver: Receiver) -> None:
    check_delivery(receiver, clients.node("webhook.mjs", receiver.url, names=names)["request_id"])
