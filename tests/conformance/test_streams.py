"""Streams, realtime and sockets, by the real clients."""

from typing import Any

import pytest

from tests.conformance.clients import Clients, check_output
from tests.conformance.names import Names


def check_events(events: list[dict[str, Any]], files: list[dict[str, str]]) -> None:
    """A small picture for each step or so, and the whole output at the end."""
    *before, last = events
    check_output(last, files)
    assert before
    assert all(event["images"][0]["url"].startswith("data:image/") for event in before if event.get("images"))


@pytest.mark.case("C41")
def test_python_streams(clients: Clients, python_here: dict[str, str]) -> None:
    told = clients.python("stream.py", **python_here)
    check_events(told["events"], told["files"])
    assert "application/json" in told["refused"], "a refusal is no stream"


@pytest.fixture(scope="module")
def streamed(clients: Clients, names: Names) -> Any:
    return clients.node("stream.mjs", names=names)


@pytest.mark.case("C42")
def test_node_streams(streamed: Any) -> None:
    plain = streamed["plain"]
    check_events(plain["events"], plain["files"])
    assert plain["events"][-1] == plain["last"]
    assert plain["requestId"]
    assert streamed["refused"] == {"name": "ValidationError", "status": 422}


@pytest.mark.case("C43")
def test_node_streams_with_a_token_in_place_of_the_key(streamed: Any) -> None:
    by_token = streamed["byToken"]
    check_events(by_token["events"], by_token["files"])
    assert by_token["last"]["seed"] == streamed["plain"]["last"]["seed"] == 5
    assert any("fal_jwt_token=" in each["path"] for each in by_token["requests"])


def check_talk(told: Any) -> None:
    assert [result["request_id"] for result in told["results"]] == ["first", "second"]
    assert all(result["seed"] == 5 and len(result["images"]) == 1 for result in told["results"])


@pytest.mark.case("C44")
def test_python_realtime_with_the_key(clients: Clients, python_here: dict[str, str]) -> None:
    check_talk(clients.python("realtime.py", "key", **python_here))


@pytest.mark.case("C44", "C45")
def test_python_realtime_and_frames_with_a_token(clients: Clients, names: Names) -> None:
    told = clients.python("realtime.py", "token", names=names)
    check_talk(told)
    kinds = [frame.get("type", "data") for frame in told["frames"]]
    assert (kinds[0], kinds[-1], set(kinds[1:-1])) == ("start", "end", {"data"})
    start, end = told["frames"][0], told["frames"][-1]
    assert start["status"] == end["status"] == 200
    assert start["request_id"] == end["request_id"]
    assert end["time_to_first_byte_seconds"] > 0
    check_output(told["output"], told["files"])


@pytest.fixture(scope="module")
def talked(clients: Clients, names: Names) -> Any:
    return clients.node("realtime.mjs", names=names)


@pytest.mark.case("C46")
def test_node_realtime_brings_the_id_back(talked: Any) -> None:
    plain = talked["plain"]
    assert plain["errors"] == []
    assert plain["asked"] == 1, "one token for one connection"
    assert [result["request_id"] for result in plain["results"]] == ["mine-0", "mine-1"]
    assert all(result["images"] == 1 for result in plain["results"])


@pytest.mark.case("C46")
def test_node_realtime_reconnects_when_its_token_has_expired(talked: Any) -> None:
    expired = talked["expired"]
    assert expired["asked"] == 2
    assert expired["results"][-1]["request_id"] == "mine-1"
