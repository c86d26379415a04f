"""fal's host names lead to this machine, for the processes of one mount namespace only.

The names point at a loopback address of their own, where a listener on port 443 passes every connection on to the
server. Both need root, and Linux.
"""

import asyncio
import contextlib
import os
import socket
import sys
import tempfile
import threading
from collections.abc import Generator

from tintype import certificates

ADDRESS = "127.0.0.77"
NAMED = os.name == "posix" and sys.platform == "linux" and os.geteuid() == 0
HOSTS = tempfile.gettempdir() + f"/tintype-hosts-{os.getpid()}"


def as_named(command: list[str]) -> list[str]:
    """The command, run where /etc/hosts says that fal is here."""
    inside = f'mount --bind "{HOSTS}" /etc/hosts && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", inside, "sh", *command]


@contextlib.contextmanager
def passing_on(port: int) -> Generator[None]:
    """Port 443 of ADDRESS is the server's ``port``, and the file for /etc/hosts is there."""
    names = [name for name in certificates.NAMES if "localhost" not in name]
    with open(HOSTS, "w") as file:
        file.write("127.0.0.1 localhost\n" + "".join(f"{ADDRESS} {name}\n" for name in names))
    started, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_pass(reader, there[1]), _pass(there[0], writer))

        loops.append(asyncio.get_running_loop())
        async with await asyncio.start_server(connected, sock=socket.create_server((ADDRESS, 443))):
            started.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert started.wait(10)
    try:
        yield
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(10)
        os.unlink(HOSTS)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bytes from one to the other until either side is done."""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(ConnectionError, OSError):
        writer.close()
