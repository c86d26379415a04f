from tests.api.envelope import check_error
from tests.api.gateway import Gateway


def test_healthz_says_what_runs_and_what_waits(paused: Gateway) -> None:
    paused.until(paused.submit(), "IN_PROGRESS")
    paused.submit()
    answer = paused.http.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "phase": "ready",
        "model": "flat colours",
        "checksum": "0000000000000000",
        "device": "cpu",
        "safety_checker": "on",
        "workers": [
            {
                "device": "cpu",
                "model": "flat colours",
                "status": "ready",
                "phase": "ready",
                "painting": None,
                "memory_bytes": None,
            }
        ],
        "queue": {"queued": 1, "running": 1, "done": 0, "failed": 0, "cancelled": 0},
        "acceleration": {"none": "nothing is approximated"},
    }


def test_ready_is_ready(gateway: Gateway) -> None:
    assert gateway.http.get("/readyz").json() == {"status": "ready"}


def test_not_ready_says_what_is_going_on_and_the_queue_takes_requests_meanwhile(paused: Gateway) -> None:
    paused.engine.state, paused.engine.phase = "starting", "loading weights, 3 of 7 GB"
    answer = paused.http.get("/readyz")
    assert check_error(answer, 503) == "loading weights, 3 of 7 GB"
    assert answer.json()["status"] == "starting"
    assert paused.http.get("/healthz").status_code == 200
    assert paused.submit()["status"] == "IN_QUEUE"
