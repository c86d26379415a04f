"""A real server in processes of its own, for tests to use, hurt and restart."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

TINTYPE = Path(sys.executable).parent / "tintype"
ENDPOINT = "/fal-ai/z-image/turbo"


def free_port() -> int:
    """A port that nobody listens on, and below those that the kernel gives to whoever connects to something."""
    while True:
        port = 10_000 + secrets.randbelow(22_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def clean_environment() -> dict[str, str]:
    """The tests' own environment without what somebody else's server or client, or torch in the tests, has set."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TINTYPE_", "FAL_", "TORCHINDUCTOR_", "TRITON_"))
    }


def exports(home: Path, tls_port: int, proxy_port: int, *options: str) -> dict[str, str]:
    """What ``eval "$(tintype env)"`` gives a client's shell."""
    command = [TINTYPE, "env", "--home", home, "--tls-port", str(tls_port), "--proxy-port", str(proxy_port), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=clean_environment())
    shell = subprocess.run(
        ["bash", "-c", f"{done.stdout}\nenv -0"], capture_output=True, text=True, check=True, env=clean_environment()
    )
    return dict(entry.split("=", 1) for entry in shell.stdout.split("\0") if entry)


@dataclass
class Server:
    """``tintype serve`` in its own home folder."""

    home: Path
    port: int = field(default_factory=free_port)
    queue_port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    tls_queue_port: int = field(default_factory=free_port)
    proxy_port: int = field(default_factory=free_port)
    arguments: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    """``TINTYPE_...`` of its environment."""
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, timeout: float = 60) -> "Server":
        command = [TINTYPE, "serve", "--model", "postcard", "--home", self.home, *self.arguments]
        for name in ("port", "queue_port", "tls_port", "tls_queue_port", "proxy_port"):
            command += [f"--{name.replace('_', '-')}", str(getattr(self, name))]
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "server.log").open("a") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, env=clean_environment() | self.settings, text=True
            )
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            assert self.process.poll() is None, (self.home / "server.log").read_text()
            try:
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return self
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise TimeoutError((self.home / "server.log").read_text())

    @property
    def engine(self) -> psutil.Process:
        """The engine child."""
        return self.engines[0]

    @property
    def engines(self) -> list[psutil.Process]:
        """The engine children, one per device."""
        assert self.process is not None
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if "--fd" in child.cmdline()]

    def kill_everything(self) -> None:
        """kill -9, the engine children too."""
        assert self.process is not None
        engines = self.engines
        self.process.kill()
        for engine in engines:
            engine.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ctrl-C; the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)

    def environment(self, *options: str) -> dict[str, str]:
        """What ``eval "$(tintype env)"`` gives a client's shell."""
        return exports(self.home, self.tls_port, self.proxy_port, *options)

    def submit(self, **wish: object) -> dict[str, str]:
        return httpx.post(f"{self.url}/queue{ENDPOINT}", json=wish).raise_for_status().json()

    def wait_for(self, submitted: dict[str, str], timeout: float = 60) -> dict[str, object]:
        """The finished status of a queued request."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            status = httpx.get(submitted["status_url"], params={"logs": 1}).json()
            if status["status"] == "COMPLETED":
                return status
            time.sleep(0.1)
        raise TimeoutError(submitted["request_id"])
