import uuid

import pytest

from tests.api.envelope import check_error
from tests.api.gateway import PATH, QUEUE, WISH, Gateway
from tintype.core import State


@pytest.mark.case("C20")
def test_submit_answers_with_all_that_clients_follow(paused: Gateway) -> None:
    answer = paused.post(QUEUE)
    assert answer.status_code == 200
    submitted = answer.json()
    job_id = submitted["request_id"]
    assert str(uuid.UUID(job_id, version=4)) == job_id == answer.headers["x-fal-request-id"]
    url = f"{paused.url}/queue/fal-ai/z-image/requests/{job_id}"
    assert submitted == {
        "status": "IN_QUEUE",
        "request_id": job_id,
        "response_url": url,
        "status_url": f"{url}/status",
        "cancel_url": f"{url}/cancel",
        "queue_position": submitted["queue_position"],
        "logs": None,
        "metrics": {},
    }


def test_the_job_is_stored_before_it_is_answered(paused: Gateway) -> None:
    job = paused.do(paused.store.get(paused.submit(num_images=3)["request_id"]))
    assert job is not None
    assert job.params is not None
    assert (job.params.images, job.params.seed, job.account) == (3, 7, "local")


@pytest.mark.case("C24")
def test_positions_count_those_in_front(paused: Gateway) -> None:
    paused.until(paused.submit(), "IN_PROGRESS")
    assert [paused.submit()["queue_position"] for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize("path", [QUEUE, f"{QUEUE}/"])
def test_a_trailing_slash_makes_no_difference(gateway: Gateway, path: str) -> None:
    assert gateway.post(path).status_code == 200


def test_a_host_that_begins_with_queue_is_the_queue(gateway: Gateway) -> None:
    submitted = gateway.post(PATH, headers={"host": "queue.localhost:8000"}).json()
    assert submitted["status_url"].startswith("http://queue.localhost:8000/fal-ai/z-image/requests/")


def test_the_prefix_wins_over_the_host(gateway: Gateway) -> None:
    assert "images" in gateway.post(f"/run{PATH}", headers={"host": "queue.localhost"}).json()


def test_a_wrong_input_is_taken_and_its_result_is_the_refusal(gateway: Gateway) -> None:
    submitted = gateway.submit(num_images=5)
    assert submitted["status"] == "IN_QUEUE"
    status = gateway.completed(submitted)
    assert "error" not in status
    for _ in range(2):
        [entry] = check_error(gateway.http.get(submitted["response_url"]), 422)
        assert entry["loc"] == ["body", "num_images"]
    assert submitted["request_id"] not in gateway.painter.painted


def test_no_input_at_all_misses_the_prompt(gateway: Gateway) -> None:
    submitted = gateway.http.post(QUEUE, headers={"content-type": "application/json"}).json()
    [entry] = check_error(gateway.http.get(submitted["response_url"]), 422)
    assert (entry["loc"], entry["type"]) == (["body", "prompt"], "missing")


@pytest.mark.case("C60")
def test_what_is_not_json_is_refused_at_once(paused: Gateway) -> None:
    [entry] = check_error(paused.http.post(QUEUE, content=b"{"), 422)
    assert entry["type"] == "json_invalid"
    assert paused.count() == 0


@pytest.mark.case("C35")
@pytest.mark.parametrize("asked", [{"headers": {"X-Fal-Queue-Priority": "low"}}, {"params": {"priority": "low"}}])
def test_low_priority_waits_for_normal(paused: Gateway, asked: dict[str, dict[str, str]]) -> None:
    paused.until(first := paused.submit(), "IN_PROGRESS")
    low = paused.post(QUEUE, **asked).json()
    normal = paused.post(QUEUE, headers={"x-fal-queue-priority": "normal"}).json()
    paused.may_paint.set()
    paused.completed(low)
    assert paused.painter.painted == [submitted["request_id"] for submitted in (first, normal, low)]


@pytest.mark.case("C37")
def test_a_caller_may_refuse_to_wait_behind_too_many(paused: Gateway) -> None:
    paused.until(paused.submit(), "IN_PROGRESS")
    paused.submit()
    paused.submit()
    check_error(paused.post(QUEUE, params={"fal_max_queue_length": 1}), 429)
    assert paused.post(QUEUE, params={"fal_max_queue_length": 2}).status_code == 200
    assert paused.post(QUEUE, params={"fal_max_queue_length": "many"}).status_code == 200
    assert paused.do(paused.store.counts())[State.QUEUED] == 4


def test_two_at_once_get_their_own_pictures(gateway: Gateway) -> None:
    submitted = [gateway.submit(prompt=f"tree {n}", seed=n) for n in range(4)]
    for n, one in enumerate(submitted):
        gateway.completed(one)
        output = gateway.http.get(one["response_url"]).json()
        assert (output["prompt"], output["seed"]) == (f"tree {n}", n)
    assert WISH["seed"] == 7
