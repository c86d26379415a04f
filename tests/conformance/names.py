"""fal's host names lead to this machine, for the processes of one mount namespace only.

The names point at a loopback address of their own, where a listener on port 443 passes every connection on to the
server. Both need root, and Linux.
"""

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.relay import pass_on, serving
from tintype import certificates

ADDRESS = "127.0.0.77"
"""The next ones are for servers of single tests."""


def missing(address: str) -> str:
    """Why names cannot be pointed to ``address``; empty if they can."""
    try:
        subprocess.run(
            ["unshare", "--mount", "mount", "--bind", "/etc/hosts", "/etc/hosts"], check=True, capture_output=True
        )
        socket.create_server((address, 443)).close()
    except (OSError, subprocess.CalledProcessError) as error:
        return f"pointing fal's names here needs Linux and root: {error}"
    return ""


@dataclass(frozen=True)
class Names:
    """A file for /etc/hosts, and the environment of a client that trusts us."""

    hosts: Path
    env: dict[str, str]

    @classmethod
    def leading_to(cls, address: str, folder: Path, env: dict[str, str], **elsewhere: str) -> "Names":
        """``elsewhere``: names, with _ for the dots, that lead to another address."""
        names = [name for name in certificates.NAMES if "localhost" not in name]
        table = dict.fromkeys(names, address) | {name.replace("_", "."): to for name, to in elsewhere.items()}
        hosts = folder / "hosts"
        lines = "".join(f"{address} {name}\n" for name, address in table.items())
        hosts.write_text("127.0.0.1 localhost queue.localhost\n" + lines)
        return cls(hosts, env)

    def around(self, command: list[str]) -> list[str]:
        """The command, run where /etc/hosts says that fal is here."""
        inside = f'mount --bind "{self.hosts}" /etc/hosts && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", inside, "sh", *command]


@contextlib.contextmanager
def passing_on(address: str, port: int) -> Generator[None]:
    """Port 443 of ``address`` is the server's ``port``."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await pass_on(reader, writer, port)

    async def start(stack: contextlib.ExitStack) -> None:
        server = await asyncio.start_server(connected, sock=socket.create_server((address, 443)))
        stack.callback(server.close)

    with serving(start):
        yield
