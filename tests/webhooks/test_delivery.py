"""How often a receiver is called, what is given up, and how people see it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.gateway import QUEUE, Gateway
from tests.api.platform import check_refused
from tests.webhooks.receiver import HANG, Receiver, is_genuine
from tintype.keys import Keys
from tintype.webhooks.deliverer import PAUSES, pause
from tintype.webhooks.sender import Sender

DELIVERIES = "/v1/webhooks/deliveries"


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that does not wait long for receivers."""
    with Gateway(tmp_path_factory.mktemp("home"), sender=Sender(private_allowed=True, seconds=0.5)) as running:
        yield running


def submit(gateway: Gateway, url: str) -> str:
    return gateway.post(QUEUE, params={"fal_webhook": url}).raise_for_status().json()["request_id"]


def listed(gateway: Gateway, **query: Any) -> dict[str, Any]:
    return gateway.http.get(DELIVERIES, params=query).raise_for_status().json()


def delivery(gateway: Gateway, request_id: str, state: str) -> dict[str, Any]:
    """The delivery, once it is in that state."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = listed(gateway, request_id=request_id)["deliveries"]
        if found and found[0]["state"] == state:
            return found[0]
        time.sleep(0.02)
    raise TimeoutError(f"{request_id} did not become {state}: {found}")


@pytest.mark.case("C63")
def test_a_receiver_that_fails_twice_gets_it_in_the_end_and_once(hurried: Gateway) -> None:
    with Receiver(500, HANG) as receiver:
        request_id = submit(hurried, receiver.url)
        told = delivery(hurried, request_id, "delivered")
        calls = list(receiver.calls)
    assert [(one["n"], one["status_code"]) for one in told["attempts"]] == [(1, 500), (2, None), (3, 200)]
    assert [one["error"] for one in told["attempts"]] == ["answered 500", "no answer within 0.5 s", None]
    assert told["next_attempt_at"] is None
    assert len({call.body for call in calls}) == 1, "the same message each time"
    assert len(calls) == 3
    jwks = hurried.http.get("/.well-known/jwks.json").json()
    assert all(is_genuine(call, jwks) for call in calls), "signed anew each time"
    assert calls[1].at - calls[0].at > 0.75
    assert calls[2].at - calls[1].at > 1.5


@pytest.mark.case("C63")
@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_is_a_failure_for_good(hurried: Gateway, status: int) -> None:
    with Receiver() as elsewhere, Receiver(status, headers={"location": elsewhere.url}) as receiver:
        request_id = submit(hurried, receiver.url)
        [attempt] = delivery(hurried, request_id, "failed")["attempts"]
        assert attempt["status_code"] == status
        assert attempt["error"] == f"answered {status}: redirects are not followed; give the final address"
        assert not elsewhere.calls


@pytest.mark.case("C65")
def test_a_private_address_is_refused_without_permission_and_the_reason_is_kept(tmp_path: Path) -> None:
    with Gateway(tmp_path, private_webhooks="no") as strict, Receiver() as receiver:
        request_id = submit(strict, receiver.url)
        told = delivery(strict, request_id, "failed")
        assert told["attempts"][0]["error"] == (
            "127.0.0.1 is at 127.0.0.1, a loopback address, and webhooks may go to public ones only "
            "(setting private_webhooks)"
        )
        assert not receiver.calls
        assert strict.http.get(f"/queue/fal-ai/z-image/requests/{request_id}").status_code == 200


def test_ten_tries_and_more_fit_into_two_hours() -> None:
    assert len(PAUSES) + 1 >= 10
    assert PAUSES[:4] == (1, 2, 4, 8)
    answering = 15 * (len(PAUSES) + 1)
    assert 1.25 * 3600 < sum(PAUSES) * 0.8 < sum(PAUSES) + answering <= 2 * 3600
    for n, longest in enumerate(PAUSES, start=1):
        waits = [pause(n) for _ in range(20)]
        assert all(wait is not None and 0.8 * longest <= wait <= longest for wait in waits)
        assert len(set(waits)) > 1
    assert pause(len(PAUSES) + 1) is None


def test_what_was_given_up_can_be_sent_again(hurried: Gateway) -> None:
    with Receiver(302) as receiver:
        request_id = submit(hurried, receiver.url)
        delivery(hurried, request_id, "failed")
        answer = hurried.http.post(f"{DELIVERIES}/{request_id}/retry")
        assert (answer.status_code, answer.json()["request_id"]) == (202, request_id)
        told = delivery(hurried, request_id, "delivered")
        assert [one["status_code"] for one in told["attempts"]] == [302, 200]
        assert [call.message["request_id"] for call in receiver.calls] == [request_id] * 2


def test_a_receiver_that_hangs_holds_up_no_other(hurried: Gateway) -> None:
    with Receiver(*[HANG] * 9) as hanging, Receiver() as quick:
        for _ in range(3):
            submit(hurried, hanging.url)
        submit(hurried, quick.url)
        quick.wait(1)
        assert len(hanging.calls) <= 9


def test_deliveries_are_listed_by_state_and_page_by_page(tmp_path: Path) -> None:
    with Gateway(tmp_path) as gateway, Receiver(*[200] * 3, 302) as receiver:
        taken = []
        for _ in range(3):
            taken.append(submit(gateway, receiver.url))
            delivery(gateway, taken[-1], "delivered")
        given_up = submit(gateway, receiver.url)
        delivery(gateway, given_up, "failed")
        gateway.completed(gateway.submit())
        assert [one["request_id"] for one in listed(gateway)["deliveries"]] == [given_up, *reversed(taken)]
        assert [one["url"] for one in listed(gateway, state="failed")["deliveries"]] == [receiver.url]
        assert listed(gateway, state="pending") == {"deliveries": [], "next_cursor": None, "has_more": False}
        first = listed(gateway, state="delivered", limit=2)
        assert first["has_more"]
        last = listed(gateway, state="delivered", limit=2, cursor=first["next_cursor"])
        assert not last["has_more"]
        pages = first["deliveries"] + last["deliveries"]
        assert [one["request_id"] for one in pages] == taken[::-1]


def test_anothers_deliveries_are_not_there(tmp_path: Path) -> None:
    mine, other = ({"authorization": f"Key {Keys(tmp_path).create(name)}"} for name in ("mine", "other"))
    with Gateway(tmp_path) as gateway, Receiver() as receiver:
        gateway.http.headers.update(mine)
        request_id = submit(gateway, receiver.url)
        delivery(gateway, request_id, "delivered")
        assert httpx.get(f"{gateway.url}{DELIVERIES}", headers=other).json()["deliveries"] == []
        retried = httpx.post(f"{gateway.url}{DELIVERIES}/{request_id}/retry", headers=other)
        assert check_refused(retried, 404, "not_found") == "No delivery for this request"
        check_refused(httpx.get(f"{gateway.url}{DELIVERIES}"), 401, "authorization_error")
        check_refused(httpx.post(f"{gateway.url}{DELIVERIES}/{request_id}/retry"), 401, "authorization_error")
        assert len(receiver.calls) == 1
        operator = {"authorization": f"Key {Keys(tmp_path).create('operator', 'ADMIN')}"}
        assert len(httpx.get(f"{gateway.url}{DELIVERIES}", headers=operator).json()["deliveries"]) == 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"state": "lost"}, "one of pending, delivered, failed"),
        ({"limit": "0"}, "a number from 1 to 100"),
        ({"limit": "²"}, "a number from 1 to 100"),
        ({"cursor": "x"}, "a number from 1 to"),
        ({"request_id": "a\0b"}, "the id of a request"),
    ],
)
def test_a_question_that_cannot_be_understood_is_refused(hurried: Gateway, query: dict[str, str], message: str) -> None:
    assert message in check_refused(hurried.http.get(DELIVERIES, params=query), 400, "validation_error")


def test_what_has_no_webhook_has_no_delivery(hurried: Gateway) -> None:
    submitted = hurried.submit()
    hurried.completed(submitted)
    check_refused(hurried.http.post(f"{DELIVERIES}/a%00b/retry"), 404, "not_found")
    answer = hurried.http.post(f"{DELIVERIES}/{submitted['request_id']}/retry")
    assert check_refused(answer, 404, "not_found") == "No delivery for this request"
