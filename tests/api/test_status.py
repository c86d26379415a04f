import re

import pytest

from tests.api.envelope import check_error
from tests.api.gateway import Gateway
from tintype.errors import WORKER_LOST


@pytest.mark.case("C24")
def test_a_waiting_request_knows_its_position(paused: Gateway) -> None:
    paused.until(paused.submit(), "IN_PROGRESS")
    paused.submit()
    submitted = paused.submit()
    answer = paused.http.get(submitted["status_url"])
    assert answer.status_code == 202
    addresses = ("request_id", "response_url", "status_url", "cancel_url")
    assert answer.json() == {
        "status": "IN_QUEUE",
        **{name: submitted[name] for name in addresses},
        "queue_position": 1,
        "logs": None,
        "metrics": {},
    }
    assert answer.headers["x-fal-request-id"] == submitted["request_id"]


@pytest.mark.case("C24")
def test_a_running_request_shows_its_log_and_no_position(paused: Gateway) -> None:
    submitted = paused.submit()
    paused.until(submitted, "IN_PROGRESS")
    answer = paused.http.get(submitted["status_url"], params={"logs": "true"})
    assert answer.status_code == 202
    status = answer.json()
    assert "queue_position" not in status
    assert status["metrics"] == {}
    assert [line["message"] for line in status["logs"]] in ([], ["step 1/2"])


@pytest.mark.case("C24")
def test_a_completed_request_shows_all_of_its_log_and_its_time(gateway: Gateway) -> None:
    submitted = gateway.submit()
    gateway.completed(submitted)
    answer = gateway.http.get(submitted["status_url"], params={"logs": 1})
    assert answer.status_code == 200
    status = answer.json()
    assert status["metrics"] == {"inference_time": 0.125}
    assert "queue_position" not in status
    assert [line["message"] for line in status["logs"]] == ["step 1/2", "step 2/2"]
    for line in status["logs"]:
        assert set(line) == {"timestamp", "message", "level", "source", "labels"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["timestamp"])


@pytest.mark.case("C24")
@pytest.mark.parametrize(
    ("logs", "kind"), [("1", list), ("true", list), ("0", type(None)), ("false", type(None)), (None, type(None))]
)
def test_logs_are_a_list_when_asked_for_and_null_when_not(gateway: Gateway, logs: str | None, kind: type) -> None:
    submitted = gateway.submit()
    status = gateway.http.get(submitted["status_url"], params={"logs": logs} if logs else None).json()
    assert isinstance(status["logs"], kind)


def test_a_failure_of_the_service_is_named(paused: Gateway) -> None:
    submitted = paused.submit()
    paused.until(submitted, "IN_PROGRESS")
    job = paused.do(paused.store.get(submitted["request_id"]))
    assert job is not None
    paused.do(paused.store.fail(job, WORKER_LOST))
    status = paused.completed(submitted)
    assert status["error_type"] == "runner_disconnected"
    assert status["error"] == WORKER_LOST.detail


@pytest.mark.case("C29")
@pytest.mark.parametrize("base", ["/queue/fal-ai/z-image", "/queue/fal-ai/z-image/turbo", "/fal-ai/z-image"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_every_path_form_is_answered_without_a_redirect(gateway: Gateway, base: str, slash: str) -> None:
    submitted = gateway.submit()
    gateway.completed(submitted)
    job = f"{base}/requests/{submitted['request_id']}"
    for suffix in ("", "/status", "/response"):
        assert gateway.http.get(f"{job}{suffix}{slash}").status_code == 200
    assert check_error(gateway.http.put(f"{job}/cancel{slash}"), 400)


@pytest.mark.case("C28")
@pytest.mark.parametrize("job_id", ["00000000-0000-4000-8000-000000000000", "x", "%00", "..%2f..", "ü" * 300])
def test_an_unknown_request_is_not_found(gateway: Gateway, job_id: str) -> None:
    answer = gateway.http.get(f"/queue/fal-ai/z-image/requests/{job_id}/status")
    detail = check_error(answer, 404)
    if "%2f" not in job_id:
        assert answer.json()["status"] == "NOT_FOUND"
        assert detail == "Request not found"
