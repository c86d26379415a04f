"""Files that go up and come back, by the real clients."""

import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.clients import Clients
from tests.conformance.names import ADDRESS, Names
from tests.e2e.server import Server

MIB = 2**20
BROKEN = "127.0.0.78"
"""Where fal's file store is out of order."""


@pytest.mark.case("C66")
def test_python_uploads_small_and_in_parts(clients: Clients, names: Names) -> None:
    small, large = clients.python("upload.py", str(3 * MIB), str(101 * MIB), names=names)
    assert small["is_same"]
    assert large["is_same"]
    assert sum("/files/upload 200" in each for each in small["requests"]) == 1
    parts = [each for each in large["requests"] if "/multipart/" in each and each.startswith("PUT ")]
    assert len(parts) == 11
    assert large["requests"][-1].endswith("/complete 200")


@pytest.mark.case("C67")
def test_node_uploads_small_and_in_parts_and_inside_an_input(clients: Clients, names: Names) -> None:
    told = clients.node("upload.mjs", str(91 * MIB), names=names)
    for sent in (told["little"], told["parts"]):
        assert (sent["back"]["size"], sent["back"]["sha256"]) == (sent["size"], sent["sha256"])
    assert told["little"]["back"]["content_type"].startswith("text/plain")
    assert told["little"]["requests"] == ["POST 200", "PUT 200"]
    assert told["parts"]["requests"] == ["POST 200", *["PUT 200"] * 10, "POST 200"]
    assert told["inside"] == {"images": 1, "uploads": 1}


class OutOfOrder(http.server.BaseHTTPRequestHandler):
    """Answers everything with 500."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(500)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def broken_store(fake: Server, names: Names, tmp_path: Path) -> Iterator[Names]:
    """fal's names lead here, but its file store to a server that fails."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(fake.home / "tls" / "server.pem", fake.home / "tls" / "server.key")
    with http.server.ThreadingHTTPServer((BROKEN, 443), OutOfOrder) as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Names.leading_to(ADDRESS, tmp_path, names.env, v3_fal_media=BROKEN)
        server.shutdown()
        thread.join()


@pytest.mark.case("C68")
def test_python_turns_to_the_next_store(clients: Clients, broken_store: Names) -> None:
    (told,) = clients.python("upload.py", str(MIB), names=broken_store)
    assert told["is_same"]
    assert any("/files/upload 500" in each for each in told["requests"])
    assert any("/storage/upload/initiate 200" in each for each in told["requests"])
