import base64

import pytest

from tests.api.envelope import check_error
from tests.api.gateway import Gateway
from tintype.core import Failure
from tintype.errors import WORKER_LOST


@pytest.mark.case("C27")
def test_a_result_is_the_models_answer_and_stays_the_same(gateway: Gateway) -> None:
    submitted = gateway.submit(num_images=2)
    gateway.completed(submitted)
    first, second = (gateway.http.get(submitted["response_url"]) for _ in range(2))
    assert first.status_code == 200
    assert first.headers["x-fal-request-id"] == submitted["request_id"]
    assert first.headers["x-fal-billable-units"] == "0.0015"
    assert first.content == second.content
    assert set(first.json()) == {"images", "timings", "seed", "has_nsfw_concepts", "prompt"}


def test_media_addresses_have_no_queue_in_them(gateway: Gateway) -> None:
    submitted = gateway.submit()
    gateway.completed(submitted)
    url = gateway.http.get(submitted["response_url"]).json()["images"][0]["url"]
    assert url == f"{gateway.url}/files/{submitted['request_id']}/1/0.png"
    assert gateway.http.get(url).status_code == 200


@pytest.mark.case("C27")
def test_too_early_is_400_for_any_other_would_be_retried(paused: Gateway) -> None:
    submitted = paused.submit()
    for word in ("IN_PROGRESS",):
        paused.until(submitted, word)
        assert check_error(paused.http.get(submitted["response_url"]), 400) == "Request is still in progress"
    waiting = paused.submit()
    assert check_error(paused.http.get(waiting["response_url"]), 400) == "Request is still in progress"


@pytest.mark.case("C28")
def test_unknown_is_404(gateway: Gateway) -> None:
    answer = gateway.http.get("/queue/fal-ai/z-image/requests/00000000-0000-4000-8000-000000000000")
    assert check_error(answer, 404) == "Request not found"


def test_a_failed_service_answers_with_its_status_and_name(paused: Gateway) -> None:
    answer = failed(paused, WORKER_LOST)
    assert check_error(answer, 503) == WORKER_LOST.detail
    assert answer.json()["error_type"] == "runner_disconnected"


def test_a_refusal_of_the_model_is_a_list(paused: Gateway) -> None:
    entry = {"type": "no_media_generated", "loc": ["body"], "msg": "Nothing came out", "input": {}}
    answer = failed(paused, Failure(422, [entry]))
    assert check_error(answer, 422) == [entry]
    assert answer.headers["x-fal-retryable"] == "false"


def test_an_inline_result_can_be_fetched_until_it_is_forgotten(gateway: Gateway) -> None:
    submitted = gateway.submit(sync_mode=True)
    gateway.completed(submitted)
    first, second = (gateway.http.get(submitted["response_url"]) for _ in range(2))
    assert first.content == second.content
    url = first.json()["images"][0]["url"]
    assert base64.b64decode(url.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
    gateway.do(gateway.files.delete_prefix(f"inline/{submitted['request_id']}"))
    assert check_error(gateway.http.get(submitted["response_url"]), 404) == "Request not found"


def failed(paused: Gateway, failure: Failure):
    """The result of a request that the worker failed."""
    submitted = paused.submit()
    paused.until(submitted, "IN_PROGRESS")
    job = paused.do(paused.store.get(submitted["request_id"]))
    assert job is not None
    assert paused.do(paused.store.fail(job, failure))
    paused.completed(submitted)
    return paused.http.get(submitted["response_url"])
