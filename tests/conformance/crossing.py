"""A CONNECT proxy that can lead some of fal's host names to a server that is broken."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Container, Generator

from tests.conformance.relay import pass_on, serving
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

    async def start(stack: contextlib.ExitStack) -> int:
        bad = await asyncio.start_server(_break, "127.0.0.1", 0, ssl=tls)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = REQUEST.match(await reader.readuntil(b"\r\n\r\n"))
            assert head
            port = _port(bad) if head[1].decode() in broken else server.tls_port
            await pass_on(reader, writer, port, greeting=b"HTTP/1.1 200 Connection established\r\n\r\n")

        proxy = await asyncio.start_server(connected, "127.0.0.1", 0)
        stack.callback(bad.close)
        stack.callback(proxy.close)
        return _port(proxy)

    with serving(start) as port:
        yield f"http://127.0.0.1:{port}"


def _port(server: asyncio.Server) -> int:
    return server.sockets[0].getsockname()[1]


async def _break(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One request, read whole, and a 500."""
    head = await reader.readuntil(b"\r\n\r\n")
    if length := re.search(rb"content-length: (\d+)", head, re.IGNORECASE):
        await reader.readexactly(int(length[1]))
    writer.write(BROKEN)
    await writer.drain()
    writer.close()
