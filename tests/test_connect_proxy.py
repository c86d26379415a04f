"""The CONNECT proxy, spoken to over sockets; what listens behind it only echoes."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest
import uvloop

from tintype import connect_proxy
from tintype.core import FAL_HOSTS

Address = tuple[str, int]
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Proxy:
    """A proxy in a thread of its own, before a listener that echoes what it hears and ends when its client does."""

    def __init__(self) -> None:
        self.visits = 0
        self._loop = uvloop.new_event_loop()  # the loop that the server runs in
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        assert self._ready.wait(10)

    async def _serve(self) -> None:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.visits += 1
            while chunk := await reader.read(1024):
                writer.write(chunk)
                await writer.drain()
            writer.write(b"bye")
            writer.close()

        behind = await asyncio.start_server(echo, "127.0.0.1", 0)
        sock = socket.create_server(("127.0.0.1", 0))
        self.address: Address = sock.getsockname()
        serving = asyncio.create_task(connect_proxy.serve(sock, behind.sockets[0].getsockname(), patience=0.5))
        self._ready.set()
        await self._stop.wait()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        behind.close()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)
            self._loop.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=5)

    def answer(self, request: bytes) -> bytes:
        """Everything that comes back."""
        with self.connect() as client:
            client.sendall(request)
            return b"".join(iter(lambda: client.recv(1024), b""))


@pytest.fixture(scope="module")
def shared() -> Iterator[Proxy]:
    running = Proxy()
    yield running
    running.stop()


def connect_to(target: str) -> bytes:
    return f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()


@pytest.mark.parametrize("host", [*FAL_HOSTS, "FAL.run"])
def test_fals_hosts_lead_to_the_listener_and_half_a_close_passes(shared: Proxy, host: str) -> None:
    with shared.connect() as client:
        client.sendall(connect_to(f"{host}:443") + b"too early?")
        client.sendall(b" no")
        client.shutdown(socket.SHUT_WR)
        assert b"".join(iter(lambda: client.recv(1024), b"")) == OPEN + b"too early? nobye"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (connect_to("example.com:443"), b"403 Forbidden"),
        (connect_to("fal.run:80"), b"403 Forbidden"),
        (connect_to("fal.run"), b"403 Forbidden"),
        (connect_to("evil.fal.run:443"), b"403 Forbidden"),
        (connect_to("fal.run.:443"), b"403 Forbidden"),
        (connect_to("127.0.0.1:443"), b"403 Forbidden"),
        (connect_to("[::1]:443"), b"403 Forbidden"),
        (b"GET http://fal.run/ HTTP/1.1\r\nHost: fal.run\r\n\r\n", b"405 Method Not Allowed"),
        (b"nonsense\r\n\r\n", b"400 Bad Request"),
        (b"\x16\x03\x01 a TLS hello\r\n\r\n", b"400 Bad Request"),
        (b"CONNECT fal.run:443 HTTP/1.1\r\n" + b"x" * 40_000, b"431 Request Header Fields Too Large"),
        (b"CONNECT fal.run:443 HTTP/1.1\r\n", b"408 Request Timeout"),
    ],
)
def test_all_else_is_refused_and_nothing_is_connected_to(shared: Proxy, request_: bytes, status: bytes) -> None:
    visits = shared.visits
    assert shared.answer(request_).startswith(b"HTTP/1.1 " + status + b"\r\n")
    assert shared.visits == visits


def test_a_client_that_vanishes_ends_its_tunnel_only(shared: Proxy) -> None:
    for _ in range(3):
        with shared.connect() as client:
            client.sendall(connect_to("fal.run:443"))
            assert client.recv(1024) == OPEN
            # closed at once, with a reset
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    with shared.connect() as client:
        client.sendall(b"CONNECT")  # and one that said half a word
    test_fals_hosts_lead_to_the_listener_and_half_a_close_passes(shared, "fal.run")


def test_much_passes_unharmed_both_ways(shared: Proxy) -> None:
    sent = bytes(range(256)) * 8192
    with shared.connect() as client:
        client.sendall(connect_to("fal.run:443"))
        assert client.recv(len(OPEN)) == OPEN

        def send() -> None:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)

        sending = threading.Thread(target=send)
        sending.start()
        heard = b"".join(iter(lambda: client.recv(65536), b""))
        sending.join()
    assert heard == sent + b"bye"


def test_open_tunnels_end_when_the_proxy_does() -> None:
    proxy = Proxy()
    with proxy.connect() as client:
        client.sendall(connect_to("fal.run:443"))
        assert client.recv(1024) == OPEN
        proxy.stop()
        assert client.recv(1024) == b""
    with pytest.raises(ConnectionRefusedError):
        proxy.connect()
