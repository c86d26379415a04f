"""One server with TLS and a fake engine, and the foreign clients."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.clients import FAKE, Clients
from tests.conformance.names import Names, free_address, passing_on
from tests.e2e.server import Server


@pytest.fixture(scope="session")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A whole server that paints flat colours."""
    running = Server(tmp_path_factory.mktemp("conformance"), settings=FAKE).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Clients:
    return Clients.made(tmp_path_factory.mktemp("clients"))


@pytest.fixture(scope="session")
def python_here(fake: Server) -> dict[str, str]:
    """fal-client 1.0.3 pointed here by what ``tintype env`` prints."""
    names = ("FAL_RUN_HOST", "FAL_QUEUE_RUN_HOST", "SSL_CERT_FILE")
    environment = fake.environment()
    return {name: environment[name] for name in names}


@pytest.fixture(scope="session")
def trust(fake: Server) -> dict[str, str]:
    """What a client needs besides the names: our authority."""
    return trusting(fake)


@pytest.fixture(scope="session")
def names(fake: Server, trust: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Names]:
    """fal's names lead to ``fake``."""
    address = free_address()
    with passing_on(address, fake.tls_port):
        yield Names.leading_to(address, tmp_path_factory.mktemp("names"), trust)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, for tests that change what it can do."""
    running = Server(tmp_path / "home", settings=FAKE).start()
    yield running
    assert running.stop() == 0


def trusting(server: Server) -> dict[str, str]:
    tls = server.home / "tls"
    return {"SSL_CERT_FILE": str(tls / "ca-bundle.pem"), "NODE_EXTRA_CA_CERTS": str(tls / "ca.pem")}
