"""The clients against a server that has keys: theirs, another's, and the tokens and signatures that stand for one."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.conformance.clients import FAKE, Clients, check_output
from tests.conformance.conftest import trusting
from tests.conformance.names import Names, free_address, passing_on
from tests.e2e.server import TINTYPE, Server, clean_environment

STRANGER = {"status": 401, "detail": "invalid key credentials", "requests": 1}


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Names]:
    """fal's names lead to a server that knows one key, and the clients have it."""
    address = free_address()
    home = tmp_path_factory.mktemp("locked")
    command = [TINTYPE, "keys", "create", "conformance", "--home", home]
    made = subprocess.run(command, capture_output=True, text=True, check=True, env=clean_environment())
    key = made.stdout.strip()
    server = Server(home, settings=FAKE).start()
    with passing_on(address, server.tls_port):
        yield Names.leading_to(address, home, trusting(server) | {"FAL_KEY": key})
    assert server.stop() == 0
    log = (home / "server.log").read_text()
    assert key.partition(":")[2] not in log, "secrets stay out of logs"
    assert "fal_jwt_token" not in log


@pytest.mark.case("C56")
def test_a_strangers_key_is_a_401_that_nobody_repeats(clients: Clients, locked: Names) -> None:
    node = clients.node("stranger.mjs", names=locked)
    assert all((each["status"], each["requests"]) == (401, 1) for each in node.values()), node
    assert node["run"] == node["subscribe"] == STRANGER
    python = clients.python("stranger.py", names=locked)
    assert python == {"run": STRANGER, "subscribe": STRANGER}


@pytest.mark.case("C12")
def test_python_with_its_key_runs_subscribes_and_uploads(clients: Clients, locked: Names) -> None:
    told = clients.python("everything.py", "upload", names=locked)
    check_output(**told["run"])
    check_output(**told["subscribed"])
    assert told["uploaded"] == "hello"


@pytest.mark.case("C43")
def test_node_streams_with_a_token_where_keys_count(clients: Clients, locked: Names) -> None:
    told = clients.node("stream.mjs", names=locked)
    check_output(told["byToken"]["last"], told["byToken"]["files"])


@pytest.mark.case("C46")
def test_node_realtime_with_tokens_where_keys_count(clients: Clients, locked: Names) -> None:
    told = clients.node("realtime.mjs", names=locked)
    assert [result["request_id"] for result in told["plain"]["results"]] == ["mine-0", "mine-1"]
    assert told["expired"]["results"][-1]["request_id"] == "mine-1"


@pytest.mark.case("C44", "C45")
@pytest.mark.parametrize("how", ["key", "token"])
def test_python_realtime_where_keys_count(clients: Clients, locked: Names, how: str) -> None:
    told = clients.python("realtime.py", how, names=locked)
    assert [result["request_id"] for result in told["results"]] == ["first", "second"]
    check_output(told["output"], told["files"])


@pytest.mark.case("C67")
def test_node_uploads_to_signed_addresses_without_its_key(clients: Clients, locked: Names) -> None:
    told = clients.node("upload.mjs", str(91 * 2**20), names=locked)
    assert told["parts"]["back"]["sha256"] == told["parts"]["sha256"]
    assert told["inside"] == {"images": 1, "uploads": 1}


@pytest.mark.case("C9")
def test_fals_server_proxy_adds_the_key(clients: Clients, locked: Names) -> None:
    told = clients.node("proxies.mjs", names=locked)
    for by in told.values():
        check_output(by["polled"]["data"], by["polled"]["files"])
        check_output(by["stream"]["data"], by["stream"]["files"])
