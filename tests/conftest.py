"""One server, with the bundled model, for the tests that only use it."""

from collections.abc import Iterator

import pytest

from tests.e2e.server import Server

pytest_plugins = ["tests.conformance.table"]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("home")).start()
    yield running
    assert running.stop() == 0
