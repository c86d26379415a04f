"""The examples of fal's page, byte for byte as tests/api/page.md has them, with nothing but the environment set."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.conformance.clients import Clients
from tests.conformance.names import Names
from tests.e2e.server import TINTYPE, Server, clean_environment

PAGE = (Path(__file__).parents[1] / "api" / "page.md").read_text()
Env = dict[str, str]


def example(language: str) -> str:
    (code,) = re.findall(rf"```{language}\n(import .*?)```", PAGE, re.DOTALL)
    return code


@pytest.fixture
def page_python(tmp_path: Path) -> Path:
    (tmp_path / "page.py").write_text(example("python"))
    return tmp_path / "page.py"


@pytest.fixture
def page_javascript(clients: Clients) -> Path:
    (clients.folder / "page.mjs").write_text(example("javascript"))
    return clients.folder / "page.mjs"


def check_python(printed: str, address: str) -> None:
    last = printed.splitlines()[-1]  # before it, as many lines of the log as a quick engine gave it time for
    assert eval(last)["images"][0]["url"].startswith(address)


def check_javascript(printed: str, address: str) -> None:
    assert f"url: '{address}" in printed
    assert re.search(r"^[0-9a-f-]{36}$", printed.splitlines()[-1])


@pytest.mark.case("C2")
def test_python_with_the_exports_of_tintype_env(clients: Clients, python_here: Env, page_python: Path) -> None:
    printed = clients.python_prints(page_python, **python_here)
    check_python(printed, f"https://{python_here['FAL_RUN_HOST'].partition('/')[0]}/files/")


@pytest.mark.case("C21")
def test_python_where_fals_names_lead_here(clients: Clients, names: Names, page_python: Path) -> None:
    check_python(clients.python_prints(page_python, names=names), "https://queue.fal.run/files/")


@pytest.mark.case("C22")
def test_javascript_where_fals_names_lead_here(clients: Clients, names: Names, page_javascript: Path) -> None:
    printed = clients.node_prints(page_javascript, names=names)
    check_javascript(printed, "https://queue.fal.run/files/")


def configured(server: Server, clients: Clients) -> list[Path]:
    """Each of the configurations that ``tintype env --js`` prints, as a module to load before a script."""
    command = [TINTYPE, "env", "--js", "--home", server.home, "--port", str(server.port)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=clean_environment()).stdout
    modules: list[Path] = []
    for number, lines in enumerate(printed.split("\n\n")):
        module = clients.folder / f"configuration_{server.port}_{number}.mjs"
        module.write_text(f'import {{ fal }} from "@fal-ai/client";\n{lines}')
        modules.append(module)
    return modules


@pytest.mark.case("C22")
@pytest.mark.parametrize("number", [0, 1])
def test_javascript_after_the_lines_of_tintype_env(
    fake: Server, clients: Clients, page_javascript: Path, number: int
) -> None:
    before = ("--import", str(configured(fake, clients)[number]))
    check_javascript(clients.node_prints(page_javascript, options=before), f"{fake.url}/files/")


def test_javascript_paints_with_the_bundled_model(server: Server, clients: Clients, page_javascript: Path) -> None:
    before = ("--import", str(configured(server, clients)[0]))
    printed = clients.node_prints(page_javascript, options=before)
    check_javascript(printed, f"{server.url}/files/")
    assert re.search(r"^step [1-8]/8, ", printed, re.MULTILINE)
