"""A CONNECT proxy to fal's host names, where all of them are this server.

A client that is told of it (``HTTPS_PROXY``) and trusts our authority reaches Tintype under fal's own names, without
a hosts file and without port 443. It connects to nothing else, so it is no way out of this machine.
"""

import asyncio
import contextlib
import re
import socket

from tintype.core import FAL_HOSTS

HEAD_BYTES = 16 * 1024
HEAD_SECONDS = 10.0
"""How long a client may take to say where it wants to go."""
LINGER = 1.0
"""Seconds in which one who was refused may still send."""
CHUNK = 64 * 1024
REQUEST = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.[01]\r\n")

Address = tuple[str, int]


async def serve(sock: socket.socket, tls: Address, patience: float = HEAD_SECONDS) -> None:
    """Answer on ``sock`` until cancelled; tunnels lead to the TLS listener ``tls``, and end with this call."""
    tunnels: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_answer(reader, writer, tls, patience))
        tunnels.add(task)
        task.add_done_callback(tunnels.discard)

    server = await asyncio.start_server(begin, sock=sock, limit=HEAD_BYTES)
    try:
        await server.serve_forever()
    finally:
        server.close()
        for task in tunnels:
            task.cancel()
        await asyncio.gather(*tunnels, return_exceptions=True)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: Address, patience: float) -> None:
    """One connection: read where to, refuse or tunnel, close."""
    try:
        if status := await _refusal(reader, patience):
            writer.write(
                f"HTTP/1.1 {status}\r\nallow: CONNECT\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()
            )
            writer.write_eof()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LINGER):  # closing on bytes nobody read would take the answer back
                    while await reader.read(CHUNK):
                        pass
        else:
            await _tunnel(reader, writer, tls)
    except* OSError:
        pass  # one of the two went away
    finally:
        writer.close()


async def _tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: Address) -> None:
    """Pass bytes both ways until the server ends, which it does soon after the client did."""
    there_reader, there_writer = await asyncio.open_connection(*tls)
    try:
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(_copy(reader, there_writer))
            await _copy(there_reader, writer)
            sending.cancel()
    finally:
        there_writer.close()


async def _refusal(reader: asyncio.StreamReader, patience: float) -> str | None:
    """The status to refuse with; None: they may pass."""
    try:
        async with asyncio.timeout(patience):
            head = await reader.readuntil(b"\r\n\r\n")
    except TimeoutError:
        return "408 Request Timeout"
    except asyncio.LimitOverrunError:
        return "431 Request Header Fields Too Large"
    except asyncio.IncompleteReadError:
        return "400 Bad Request"
    request = REQUEST.match(head)
    if request is None:
        return "400 Bad Request"
    method, target = request.groups()
    if method != b"CONNECT":
        return "405 Method Not Allowed"
    host, _, port = target.decode("latin-1").rpartition(":")
    return None if host.lower() in FAL_HOSTS and port == "443" else "403 Forbidden"


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, no faster than it is taken, and then the end of it."""
    while chunk := await reader.read(CHUNK):
        writer.write(chunk)
        await writer.drain()
    writer.write_eof()
