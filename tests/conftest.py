"""One server, with the bundled model, for the tests that only use it."""

from collections.abc import Iterator

import pytest

from tests.e2e.server import Server

pytest_plugins = ["tests.conformance.table"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--mix 300``: the long form of the test that company changes no picture."""
    parser.addoption("--mix", type=int, default=24, help="requests of the random mix in tests/e2e/test_same_picture.py")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("home")).start()
    yield running
    assert running.stop() == 0
