"""What a webhook is sent (fal's words), and that it can be verified as fal's documentation says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.gateway import QUEUE, WISH, Gateway
from tests.webhooks.receiver import Call, Receiver, is_genuine
from tintype import __version__
from tintype.errors import CANCELLED
from tintype.keys import Keys
from tintype.webhook_keys import WebhookKeys

pytestmark = pytest.mark.case("C62")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def submit(gateway: Gateway, receiver: Receiver, **changes: object) -> dict[str, str]:
    answer = gateway.post(QUEUE, WISH | changes, params={"fal_webhook": receiver.url})
    return answer.raise_for_status().json()


def jwks(gateway: Gateway) -> Any:
    return gateway.http.get("/.well-known/jwks.json").json()


def test_a_result_is_sent_as_its_address_answers_it(gateway: Gateway, receiver: Receiver) -> None:
    submitted = submit(gateway, receiver, num_images=2, prompt="«Überfahrt» 🗼")
    [call] = receiver.wait()
    result = gateway.http.get(submitted["response_url"])
    request_id = submitted["request_id"]
    assert call.message == {
        "request_id": request_id,
        "gateway_request_id": request_id,
        "status": "OK",
        "payload": result.json(),
    }
    assert call.body.endswith(b',"payload":' + result.content + b"}"), "byte for byte"
    for image in call.message["payload"]["images"]:
        assert httpx.get(image["url"]).status_code == 200


def test_it_is_json_with_fals_four_headers(gateway: Gateway, receiver: Receiver) -> None:
    submitted = submit(gateway, receiver)
    [call] = receiver.wait()
    assert call.headers["content-type"] == "application/json"
    assert call.headers["user-agent"] == f"tintype/{__version__}"
    assert call.headers["x-fal-webhook-request-id"] == submitted["request_id"]
    assert call.headers["x-fal-webhook-user-id"] == "local"
    assert re.fullmatch(r"\d{10}", call.headers["x-fal-webhook-timestamp"])
    assert re.fullmatch(r"[0-9a-f]{128}", call.headers["x-fal-webhook-signature"])


def test_fals_verifier_accepts_it_and_nothing_that_was_changed(gateway: Gateway, receiver: Receiver) -> None:
    submit(gateway, receiver)
    [call] = receiver.wait()
    assert is_genuine(call, jwks(gateway))
    assert not is_genuine(Call(call.path, call.headers, call.body + b" "), jwks(gateway))
    call.headers.replace_header("x-fal-webhook-user-id", "somebody")
    assert not is_genuine(call, jwks(gateway))


def test_a_refused_input_is_sent_with_its_errors(gateway: Gateway, receiver: Receiver) -> None:
    submitted = submit(gateway, receiver, num_images=5)
    [call] = receiver.wait()
    result = gateway.http.get(submitted["response_url"])
    assert result.status_code == 422
    assert (call.message["status"], call.message["error"]) == ("ERROR", "Invalid status code: 422")
    assert call.message["payload"] == result.json()
    assert call.message["payload"]["detail"][0]["loc"] == ["body", "num_images"]
    assert is_genuine(call, jwks(gateway))


def test_a_cancelled_request_is_an_error_too(paused: Gateway, receiver: Receiver) -> None:
    paused.until(paused.submit(), "IN_PROGRESS")
    waiting = submit(paused, receiver)
    assert paused.http.put(waiting["cancel_url"]).status_code == 202
    [call] = receiver.wait()
    assert (call.message["status"], call.message["error"]) == ("ERROR", "Invalid status code: 499")
    assert call.message["payload"] == {"detail": CANCELLED.detail, "error_type": CANCELLED.error_type}
    assert call.message["payload"] == paused.http.get(waiting["response_url"]).json()


def test_inline_pictures_are_sent_while_they_are_kept(gateway: Gateway, receiver: Receiver) -> None:
    submitted = submit(gateway, receiver, sync_mode=True)
    [call] = receiver.wait()
    assert call.message["payload"]["images"][0]["url"].startswith("data:image/png;base64,")
    assert call.message["payload"] == gateway.http.get(submitted["response_url"]).json()


def test_what_is_gone_is_said_to_be_gone(gateway: Gateway) -> None:
    with Receiver(500) as receiver:
        submitted = submit(gateway, receiver, sync_mode=True)
        receiver.wait(1)
        gateway.do(gateway.files.delete_prefix(f"inline/{submitted['request_id']}"))
        call = receiver.wait(2)[-1]
    assert (call.message["status"], call.message["payload"]) == ("OK", None)
    assert call.message["payload_error"].startswith("Response payload is not JSON serializable.")
    assert "error" not in call.message


def test_media_addresses_are_as_the_submitter_spells_ours(gateway: Gateway, receiver: Receiver) -> None:
    gateway.post(QUEUE, params={"fal_webhook": receiver.url}, headers={"host": "tintype.example:81"})
    [call] = receiver.wait()
    assert call.message["payload"]["images"][0]["url"].startswith("http://tintype.example:81/files/")


def test_a_query_in_the_webhooks_address_is_kept(gateway: Gateway) -> None:
    with Receiver() as receiver:
        receiver.url += "?a=b&c=d%2F"
        submit(gateway, receiver)
        assert receiver.wait()[0].path == "/hook?a=b&c=d%2F"


def test_the_user_is_the_account_of_the_key(tmp_path: Path, receiver: Receiver) -> None:
    key = Keys(tmp_path).create("me")
    with Gateway(tmp_path) as gateway:
        gateway.http.headers["authorization"] = f"Key {key}"
        submit(gateway, receiver)
        [call] = receiver.wait()
        assert call.headers["x-fal-webhook-user-id"] == key.partition(":")[0]
        assert is_genuine(call, jwks(gateway)), "the keys are anyone's to read"


def test_a_receiver_that_remembers_the_keys_verifies_after_a_rotation(gateway: Gateway, receiver: Receiver) -> None:
    remembered = gateway.http.get("/.well-known/jwks.json")
    assert remembered.headers["cache-control"] == "public, max-age=86400"
    assert set(remembered.json()["keys"][0]) == {"kty", "crv", "x"}
    submit(gateway, receiver)
    WebhookKeys(gateway.settings.home).rotate()
    before = receiver.wait()[0]
    submit(gateway, receiver)
    after = receiver.wait(2)[1]
    assert is_genuine(before, jwks(gateway)), "signed by the key before"
    assert is_genuine(after, remembered.json()), "signed by a key that was published before it signed"


def test_a_synchronous_run_has_no_webhook(gateway: Gateway, receiver: Receiver) -> None:
    assert gateway.post(params={"fal_webhook": receiver.url}).status_code == 200
    submit(gateway, receiver)
    assert len(receiver.wait()) == 1
    assert json.loads(receiver.calls[0].body)["status"] == "OK"
