"""fal's host names lead to this machine, for the processes of one mount namespace only.

The names point at a loopback address of their own, where a listener on port 443 passes every connection on to the
server. Both need root, and Linux.
"""

import asyncio
import contextlib
import random
import socket
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conformance.relay import pass_on, serving
from tintype import certificates


def free_address() -> str:
    """A loopback address whose port 443 is free; skips the test where names cannot be pointed to one."""
    try:
        subprocess.run(
            ["unshare", "--mount", "mount", "--bind", "/etc/hosts", "/etc/hosts"], check=True, capture_output=True
        )
        for number in random.sample(range(2, 255), 100):
            with contextlib.suppress(OSError):
                socket.create_server((f"127.0.77.{number}", 443)).close()
                return f"127.0.77.{number}"
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"pointing fal's names here needs Linux and root: {error}")
    pytest.skip("pointing fal's names here needs Linux, root and port 443 of some loopback address")


@dataclass(frozen=True)
class Names:
    """A file for /etc/hosts, and the environment of a client that trusts us."""

    hosts: Path
    env: dict[str, str]

    @classmethod
    def leading_to(cls, address: str, folder: Path, env: dict[str, str]) -> "Names":
        hosts = folder / "hosts"
        lines = [f"{address} {name}\n" for name in certificates.NAMES if "localhost" not in name]
        hosts.write_text("127.0.0.1 localhost queue.localhost\n" + "".join(lines))
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
