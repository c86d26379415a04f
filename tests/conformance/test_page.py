"""The examples of fal's page, byte for byte as tests/api/page.md has them, with nothing but the environment set."""

import re
from pathlib import Path

import pytest

from tests.conformance.clients import Clients
from tests.e2e.server import Server

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
    *lines, last = printed.splitlines()
    assert any(re.match(r"step [1-8]/8, ", line) for line in lines) or not lines
    assert eval(last)["images"][0]["url"].startswith(address)


def check_javascript(printed: str, address: str) -> None:
    assert f"url: '{address}" in printed
    assert re.search(r"^[0-9a-f-]{36}$", printed.splitlines()[-1])


@pytest.mark.case("C2")
def test_python_with_the_exports_of_tintype_env(clients: Clients, python_here: Env, page_python: Path) -> None:
    printed = clients.python_prints(page_python, **python_here)
    check_python(printed, f"https://{python_here['FAL_RUN_HOST'].partition('/')[0]}/files/")


@pytest.mark.case("C21")
def test_python_where_fals_names_lead_here(clients: Clients, named: Env, page_python: Path) -> None:
    check_python(clients.python_prints(page_python, named=True, **named), "https://queue.fal.run/files/")


@pytest.mark.case("C22")
def test_javascript_where_fals_names_lead_here(clients: Clients, named: Env, page_javascript: Path) -> None:
    printed = clients.node_prints(page_javascript, named=True, **named)
    check_javascript(printed, "https://queue.fal.run/files/")


@pytest.mark.case("C22")
def test_javascript_after_three_lines_of_configuration(fake: Server, clients: Clients, page_javascript: Path) -> None:
    configured = ("--import", "./three_lines.mjs")
    printed = clients.node_prints(page_javascript, options=configured, SERVER=fake.url)
    check_javascript(printed, f"{fake.url}/files/")
