import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidStatus

from tests.api.gateway import RUN, WISH, Gateway
from tests.api.sockets import REALTIME, answer, hear, open_socket, send
from tintype.api.gateway import Pace
from tintype.core import State
from tintype.keys import Keys


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway that lets nobody be silent for long."""
    with Gateway(tmp_path / "home", pace=Pace(idle=0.3)) as running:
        yield running


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[tuple[Gateway, str]]:
    """A gateway with a key, and the key."""
    key = Keys(tmp_path / "home").create("first")
    with Gateway(tmp_path / "home") as running:
        yield running, key


@pytest.mark.case("C44")
def test_msgpack_is_answered_in_msgpack(gateway: Gateway) -> None:
    with open_socket(gateway) as socket:
        socket.send(msgpack.packb(WISH))
        message = socket.recv(timeout=20)
        assert isinstance(message, bytes)
        output = msgpack.unpackb(message)
        assert hear(socket) == {"type": "x-fal-message", "action": "timings", "timing": 0.125}
    assert set(output) == {"images", "timings", "seed", "has_nsfw_concepts", "prompt", "request_id"}
    assert output["images"][0]["url"].startswith(f"{gateway.url}/files/{output['request_id']}/")
    assert len(gateway.http.get(output["images"][0]["url"]).content) == output["images"][0]["file_size"]


def test_json_is_answered_in_json_of_the_same_kind(gateway: Gateway) -> None:
    with open_socket(gateway) as socket:
        for wish in (json.dumps(WISH), json.dumps(WISH).encode(), json.dumps(WISH, indent=1).encode()):
            socket.send(wish)
            message = socket.recv(timeout=20)
            assert type(message) is type(wish)
            assert json.loads(message)["seed"] == 7
            assert isinstance(socket.recv(timeout=20), str), "what is not an answer is always text"


@pytest.mark.parametrize("request_id", ["mine", 7, None, {"a": [1]}])
@pytest.mark.case("C46")
def test_a_request_id_comes_back(gateway: Gateway, request_id: Any) -> None:
    with open_socket(gateway) as socket:
        send(socket, WISH | {"request_id": request_id})
        assert answer(socket)["request_id"] == request_id
        send(socket, WISH | {"request_id": request_id, "num_images": 9})
        assert answer(socket)["request_id"] == request_id


def test_a_seed_that_msgpack_cannot_say_is_refused_before_anything_is_painted(gateway: Gateway) -> None:
    before = gateway.count()
    with open_socket(gateway) as socket:
        send(socket, WISH | {"seed": str(2**64), "request_id": 1})
        refused = answer(socket)
        assert (refused["type"], refused["request_id"]) == ("x-fal-error", 1)
        assert "msgpack has no integers" in refused["reason"]
        assert gateway.count() == before
        socket.send(json.dumps(WISH | {"seed": 2**64}))
        assert answer(socket)["seed"] == 2**64
        send(socket, WISH)
        assert answer(socket)["seed"] == WISH["seed"]


def test_sync_mode_sends_the_picture_itself(gateway: Gateway) -> None:
    with open_socket(gateway) as socket:
        send(socket, WISH | {"sync_mode": True})
        output = answer(socket)
    assert output["images"][0]["url"].startswith("data:image/png;base64,")
    assert gateway.do(gateway.files.keys(f"inline/{output['request_id']}")) == []


NONSENSE = ["{", "", "nonsense", b"", b"{", b"\xc1", b"\x81\xa1a", b"\x91" * 2000, msgpack.packb({"prompt": b"\xff"})]
NONSENSE += [msgpack.packb({"prompt": float("nan")}), msgpack.packb("a string"), msgpack.packb([1]), "null", "[]"]


@pytest.mark.parametrize("message", NONSENSE, ids=range(len(NONSENSE)))
def test_what_cannot_be_understood_is_said_and_the_socket_lives_on(gateway: Gateway, message: str | bytes) -> None:
    with open_socket(gateway) as socket:
        socket.send(message)
        refusal = socket.recv(timeout=20)
        assert isinstance(refusal, str), "the clients look for errors in text only"
        told = json.loads(refusal)
        assert (told["type"], told["error"]) == ("x-fal-error", "validation_error")
        assert told["reason"]
        assert told["detail"][0]["loc"][0] == "body"
        send(socket, WISH)
        assert answer(socket)["seed"] == 7


def test_broken_rules_are_said_in_one_line_and_in_fals_list(gateway: Gateway) -> None:
    with open_socket(gateway) as socket:
        send(socket, {"prompt": 1, "num_images": 5})
        told = answer(socket)
    fields = ("prompt: Input should be a valid string", "num_images: Input should be less than or equal to 4")
    assert told["reason"] == "; ".join(fields)
    assert [entry["loc"] for entry in told["detail"]] == [["body", "prompt"], ["body", "num_images"]]


def test_an_engine_that_cannot_start_is_said(paused: Gateway) -> None:
    paused.engine.state, paused.engine.phase = "failed", "there is no weight file"
    with open_socket(paused) as socket:
        send(socket, WISH)
        told = answer(socket)
    assert (told["error"], told["reason"]) == (
        "runner_scheduling_failure",
        "The model cannot run: there is no weight file",
    )


def test_the_newest_wishes_win(paused: Gateway) -> None:
    with open_socket(paused, f"{REALTIME}?max_buffering=2") as socket:
        send(socket, WISH | {"request_id": 0})
        paused.until_one_is(State.RUNNING)
        for n in range(1, 6):
            send(socket, WISH | {"request_id": n})
        socket.ping().wait(10)  # now the server has read them
        paused.may_paint.set()
        assert [answer(socket)["request_id"] for _ in range(3)] == [0, 4, 5]
    assert paused.count() == 3


@pytest.mark.parametrize("asked", ["0", "61", "x", "-1", "", "²", "9" * 30])
def test_an_odd_buffer_is_brought_within_bounds(gateway: Gateway, asked: str) -> None:
    with open_socket(gateway, f"{REALTIME}?max_buffering={asked}") as socket:
        send(socket, WISH)
        assert answer(socket)["seed"] == 7


@pytest.mark.case("C47")
def test_who_is_silent_is_told_to_come_back(impatient: Gateway) -> None:
    with open_socket(impatient) as socket:
        send(socket, WISH)
        assert answer(socket)["seed"] == 7
        hear(socket)
        assert socket.recv(timeout=20) == json.dumps(
            {"type": "x-fal-error", "error": "TIMEOUT", "reason": "no inputs, reconnect when needed!"}
        )
        with pytest.raises(ConnectionClosedOK) as closed:
            socket.recv(timeout=20)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000


def test_who_leaves_cancels_what_is_painted_and_forgets_what_waits(paused: Gateway) -> None:
    with open_socket(paused) as socket:
        send(socket, WISH)
        paused.until_one_is(State.RUNNING)
        send(socket, WISH)
    paused.until_one_is(State.CANCELLED)
    assert paused.count() == 1


def test_a_server_that_stops_says_so_and_goes(paused: Gateway) -> None:
    with open_socket(paused) as busy, open_socket(paused) as idle:
        send(busy, WISH)
        paused.until_one_is(State.RUNNING)
        paused.stopping()
        assert answer(busy)["reason"] == "The server is being stopped"
        for socket in (busy, idle):
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=20)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1001


def test_one_key_may_wait_on_so_many_connections(tmp_path: Path) -> None:
    with (
        Gateway(tmp_path / "home", painting=False, run_limit=1) as gateway,
        open_socket(gateway) as first,
        open_socket(gateway) as second,
    ):
        send(first, WISH)
        gateway.until_one_is(State.RUNNING)
        send(second, WISH)
        assert answer(second)["error"] == "concurrent_requests_limit"
        gateway.may_paint.set()
        assert answer(first)["seed"] == 7


@pytest.mark.case("C46")
@pytest.mark.parametrize("path", [REALTIME, f"{REALTIME}?fal_jwt_token=x", f"{REALTIME}?fal_jwt_token="])
@pytest.mark.parametrize("key", [None, "x:y"])
def test_strangers_are_told_in_words_that_both_clients_know(
    locked: tuple[Gateway, str], path: str, key: str | None
) -> None:
    with open_socket(locked[0], path, key) as socket:
        told = json.loads(socket.recv(timeout=20))
        assert (told["status"], told["error"]) == ("error", "Unauthorized"), "what fal's JavaScript client looks for"
        assert told["type"] == "x-fal-error", "what fal's Python client looks for"
        with pytest.raises(ConnectionClosedOK):
            socket.recv(timeout=20)


def test_a_key_opens(locked: tuple[Gateway, str]) -> None:
    gateway, key = locked
    with open_socket(gateway, key=key) as socket:
        send(socket, WISH)
        job = gateway.do(gateway.store.get(answer(socket)["request_id"]))
    assert job is not None
    assert job.account == key.partition(":")[0]


@pytest.mark.parametrize("path", [f"/run{REALTIME}", f"{REALTIME}/", f"/ws{REALTIME}"])
def test_every_spelling_of_the_path_opens(gateway: Gateway, path: str) -> None:
    with open_socket(gateway, path) as socket:
        send(socket, WISH)
        assert answer(socket)["images"][0]["url"].startswith(f"{gateway.url}/files/")


def test_no_other_path_opens(gateway: Gateway) -> None:
    with pytest.raises(InvalidStatus):
        open_socket(gateway, f"{RUN}/elsewhere")
