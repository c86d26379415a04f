"""A CONNECT proxy that can lead some of fal's host names to a server that is broken."""

import asyncio
import contextlib
import re
import ssl
import threading
from collections.abc import Container, Generator

from tests.conformance.names import _pass
from tests.e2e.server import Server
from tintype import certificates

REQUEST = re.compile(rb"CONNECT ([\w.]+):443 ")
BROKEN = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"


@contextlib.contextmanager
def crossing(server: Server, broken: Container[str] = ()) -> Generator[str]:
    """The proxy's address. Every name leads to the server, those in ``broken`` to one that answers 500 to all."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made = certificates.ensure(server.home / "tls")
    tls.load_cert_chain(made.server, made.server_key)
    started, stop = threading.Event(), asyncio.Event()
    ports: list[int] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        bad = await asyncio.start_server(_break, "127.0.0.1", 0, ssl=tls)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = REQUEST.match(await reader.readuntil(b"\r\n\r\n"))
            assert head
            port = bad.sockets[0].getsockname()[1] if head[1].decode() in broken else server.tls_port
            there = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_pass(reader, there[1]), _pass(there[0], writer))

        async with bad, await asyncio.start_server(connected, "127.0.0.1", 0) as proxy:
            ports.append(proxy.sockets[0].getsockname()[1])
            started.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert started.wait(10)
    try:
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(10)


async def _break(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One request, read whole, and a 500."""
    head = await reader.readuntil(b"\r\n\r\n")
    if length := re.search(rb"content-length: (\d+)", head, re.IGNORECASE):
        await reader.readexactly(int(length[1]))
    writer.write(BROKEN)
    await writer.drain()
    writer.close()
