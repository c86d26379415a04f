"""What the documents claim, checked."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from tests.e2e.server import Server
from tintype.cli.app import app
from tintype.core import ENDPOINT

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = [page for page in ROOT.rglob("*.md") if not {".venv", "runs", "node_modules"} & set(page.parts)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_readme_names_every_command_and_option() -> None:
    for name, command in get_command(app).commands.items():  # pyright: ignore
        row = re.search(rf"^\| `tintype {name}.*$", README, re.MULTILINE)
        assert row, f"no row for {name}"
        if name == "serve":
            for option in command.params:
                assert f"`{option.opts[0]}`" in row[0]


def test_the_readmes_python_runs_as_written(server: Server) -> None:
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code
    done = subprocess.run(
        [sys.executable, "-c", code[1]], env=server.environment(), capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert any(line.startswith("step 8/8") for line in lines)
    assert lines[-1].startswith(f"https://localhost:{server.tls_port}/files/")


def test_the_readmes_curl_runs_as_written(server: Server) -> None:
    command = re.search(r"```\n(curl .*?)```", README, re.DOTALL)
    assert command
    text = command[1].replace("http://127.0.0.1:8000", server.url)
    assert f"{server.url}/{ENDPOINT}" in text
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=True)
    assert '"images":[{"url":"' in done.stdout


def test_the_architecture_page_names_every_part() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text()
    for part in (ROOT / "src" / "tintype").iterdir():
        if part.suffix == ".py" and not part.name.startswith("__"):
            assert part.name in page, part.name
        elif part.is_dir() and not part.name.startswith("__"):
            assert f"{part.name}/" in page, part.name
