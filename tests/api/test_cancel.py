import pytest

from tests.api.envelope import check_error
from tests.api.gateway import Gateway


@pytest.mark.case("C30", "C60")
@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_waiting_request_never_runs(paused: Gateway, body: bytes) -> None:
    paused.until(paused.submit(), "IN_PROGRESS")
    submitted = paused.submit()
    answer = paused.http.put(submitted["cancel_url"], content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 202
    assert answer.json() == {"status": "CANCELLATION_REQUESTED", "success": True}
    assert answer.headers["x-fal-request-id"] == submitted["request_id"]
    status = paused.completed(submitted)
    assert (status["error_type"], status["error"]) == ("client_cancelled", "Request was cancelled")
    assert status["metrics"] == {"inference_time": 0.0}
    paused.may_paint.set()
    paused.completed(paused.submit())
    assert submitted["request_id"] not in paused.painter.painted


def test_a_running_request_stops(paused: Gateway) -> None:
    submitted = paused.submit()
    paused.until(submitted, "IN_PROGRESS")
    assert paused.http.put(submitted["cancel_url"]).status_code == 202
    status = paused.completed(submitted)
    assert status["error_type"] == "client_cancelled"
    assert [line["message"] for line in status["logs"]] == ["step 1/2"]


def test_the_result_of_a_cancelled_request_says_so(paused: Gateway) -> None:
    submitted = paused.submit()
    paused.http.put(submitted["cancel_url"])
    paused.completed(submitted)
    answer = paused.http.get(submitted["response_url"])
    assert check_error(answer, 499) == "Request was cancelled"
    assert answer.json()["error_type"] == "client_cancelled"


@pytest.mark.case("C32")
def test_what_is_over_cannot_be_cancelled(gateway: Gateway) -> None:
    submitted = gateway.submit()
    gateway.completed(submitted)
    answer = gateway.http.put(submitted["cancel_url"])
    check_error(answer, 400)
    assert answer.json()["status"] == "ALREADY_COMPLETED"
    assert gateway.http.get(submitted["response_url"]).status_code == 200


@pytest.mark.case("C28")
def test_an_unknown_request_cannot_be_cancelled(gateway: Gateway) -> None:
    answer = gateway.http.put("/queue/fal-ai/z-image/requests/00000000-0000-4000-8000-000000000000/cancel")
    check_error(answer, 404)
    assert answer.json()["status"] == "NOT_FOUND"
