"""A webhook is owed until it was delivered, whatever dies in between."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.server import ENDPOINT, Server
from tests.webhooks.receiver import HANG, Receiver, is_genuine

FAKE = {"TINTYPE_ENGINE": "tintype.testing.engine"}
SMALL = {"prompt": "a red sailboat", "image_size": {"width": 64, "height": 48}, "num_inference_steps": 2}


def submit(server: Server, receiver: Receiver) -> str:
    url = f"{server.url}/queue{ENDPOINT}"
    answer = httpx.post(url, params={"fal_webhook": receiver.url}, json=SMALL)
    return answer.raise_for_status().json()["request_id"]


def delivered(server: Server, request_id: str) -> dict[str, Any]:
    """What the server tells of a delivery, once it succeeded."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        query = {"request_id": request_id, "state": "delivered"}
        if found := httpx.get(f"{server.url}/v1/webhooks/deliveries", params=query).json()["deliveries"]:
            return found[0]
        time.sleep(0.1)
    raise TimeoutError(request_id)


@pytest.mark.case("C63")
def test_receivers_that_fail_twice_get_one_delivery_through_a_kill_between_the_tries_or_in_one(tmp_path: Path) -> None:
    server = Server(tmp_path / "home", settings=FAKE).start()
    with Receiver(500, 503) as failing, Receiver(500, HANG) as hanging:
        receivers = (failing, hanging)
        ids = [submit(server, receiver) for receiver in receivers]
        for receiver in receivers:
            receiver.wait(2)
        server.kill_everything()
        server.start()
        told = [delivered(server, request_id) for request_id in ids]
        jwks = httpx.get(f"{server.url}/.well-known/jwks.json").json()
        for request_id, receiver in zip(ids, receivers, strict=True):
            assert {call.message["request_id"] for call in receiver.calls} == {request_id}
            assert all(is_genuine(call, jwks) for call in receiver.calls)
            assert receiver.calls[2].message["status"] == "OK"
        assert server.stop() == 0
    assert [len(receiver.calls) for receiver in receivers] == [3, 3]
    assert [one["next_attempt_at"] for one in told] == [None, None], "what was accepted is not sent again"
    assert [attempt["status_code"] for attempt in told[0]["attempts"]] in ([500, 503, 200], [500, None, 200])
    assert [attempt["status_code"] for attempt in told[1]["attempts"]] == [500, None, 200]
    assert told[1]["attempts"][1]["error"].startswith("interrupted")
