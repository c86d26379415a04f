import json
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import ClientConnection

from tests.api.gateway import PATH, WISH, Gateway
from tests.api.sockets import open_socket
from tintype.api.gateway import Pace
from tintype.core import State
from tintype.keys import Keys


def heard(socket: ClientConnection) -> tuple[Any, Any, Any]:
    """The three frames of one answer."""
    messages = [socket.recv(timeout=20) for _ in range(3)]
    assert all(isinstance(message, str) for message in messages)
    start, body, end = map(json.loads, messages)
    assert (start["type"], end["type"]) == ("start", "end")
    assert set(start) == {"type", "request_id", "status", "headers"}
    assert end == start | {"type": "end", "time_to_first_byte_seconds": end["time_to_first_byte_seconds"]}
    assert end["time_to_first_byte_seconds"] >= 0
    assert start["headers"]["content-type"] == "application/json"
    assert start["headers"]["x-fal-request-id"] == start["request_id"]
    return start, body, end


@pytest.mark.case("C45")
@pytest.mark.parametrize("path", [PATH, f"/run{PATH}", f"/ws{PATH}/"])
def test_a_wish_is_answered_in_three_frames(gateway: Gateway, path: str) -> None:
    with open_socket(gateway, path) as socket:
        for _ in range(2):
            socket.send(json.dumps(WISH))
            start, output, _ = heard(socket)
            assert start["status"] == 200
            assert start["headers"]["x-fal-billable-units"] == "0.0008"
            assert output["images"][0]["url"].startswith(f"{gateway.url}/files/{start['request_id']}/")
            assert (output["seed"], output["prompt"]) == (7, "a red sailboat")


def test_a_refused_input_has_its_status(gateway: Gateway) -> None:
    with open_socket(gateway, PATH) as socket:
        for message, kind in ((json.dumps({"prompt": "x", "num_images": 5}), "less_than_equal"), ("{", "json_invalid")):
            socket.send(message)
            start, body, _ = heard(socket)
            assert start["status"] == 422
            assert body["detail"][0]["type"] == kind
        socket.send(json.dumps(WISH))
        assert heard(socket)[0]["status"] == 200


def test_a_failure_of_the_service_has_its_status(paused: Gateway) -> None:
    paused.engine.state = "failed"
    with open_socket(paused, PATH) as socket:
        socket.send(json.dumps(WISH))
        start, body, _ = heard(socket)
    assert (start["status"], body["error_type"]) == (503, "runner_scheduling_failure")


def test_strangers_are_refused(tmp_path: Path) -> None:
    Keys(tmp_path / "home").create("first")
    with Gateway(tmp_path / "home") as gateway, open_socket(gateway, PATH) as socket:
        start, body, _ = heard(socket)
        assert (start["status"], body) == (401, {"detail": "invalid key credentials"})
        with pytest.raises(ConnectionClosedOK):
            socket.recv(timeout=20)


def test_who_is_silent_is_hung_up_on(tmp_path: Path) -> None:
    with (
        Gateway(tmp_path / "home", pace=Pace(idle=0.1)) as gateway,
        open_socket(gateway, PATH) as socket,
        pytest.raises(ConnectionClosedOK),
    ):
        socket.recv(timeout=20)


def test_who_leaves_cancels(paused: Gateway) -> None:
    with open_socket(paused, PATH) as socket:
        socket.send(json.dumps(WISH))
        paused.until_one_is(State.RUNNING)
    paused.until_one_is(State.CANCELLED)
