"""What a browser keeps from a page, and what a client does when it is told to wait."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.clients import FAKE, Clients
from tests.e2e.server import Server


@pytest.mark.case("C57")
def test_a_page_of_another_origin_reads_the_request_id(fake: Server, clients: Clients) -> None:
    told = clients.node("browser.mjs", fake.url)
    assert all(len(told[name]) == 36 for name in ("run", "subscribed", "through"))
    assert (told["refused"]["name"], told["refused"]["status"]) == ("ValidationError", 422)
    assert len(told["refused"]["requestId"]) == 36
    assert told["picture"] == "image/png"
    assert told["hidden"] is None, "this browser does hide what is not exposed"


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose run host takes one request at a time of each key."""
    home: Path = tmp_path_factory.mktemp("narrow")
    running = Server(home, settings=FAKE | {"TINTYPE_RUN_LIMIT": "1"}).start()
    yield running
    assert running.stop() == 0


def check_patience(seeds: list[int], statuses: list[int]) -> None:
    assert seeds == [1, 2, 3]
    assert set(statuses) == {200, 429}
    assert statuses.count(200) == 3


@pytest.mark.case("C59")
def test_python_waits_when_told_so(narrow: Server, clients: Clients) -> None:
    here = narrow.environment()
    names = ("FAL_RUN_HOST", "FAL_QUEUE_RUN_HOST", "SSL_CERT_FILE")
    check_patience(**clients.python("busy.py", **{name: here[name] for name in names}))


@pytest.mark.case("C59")
def test_node_waits_when_told_so(narrow: Server, clients: Clients) -> None:
    check_patience(**clients.node("busy.mjs", narrow.url))
