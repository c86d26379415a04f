import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.envelope import check_error
from tests.api.gateway import QUEUE, WISH, Gateway, wait_until
from tests.api.reading import chunks, events
from tintype.api.gateway import Pace
from tintype.core import State


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[Gateway]:
    """A paused gateway that pings twenty times a second."""
    with Gateway(tmp_path / "home", painting=False, pace=Pace(ping=0.05)) as running:
        yield running
        running.may_paint.set()


def watch(gateway: Gateway, submitted: dict[str, Any], logs: int | str = 1, **options: Any) -> Any:
    return gateway.http.stream("GET", f"{submitted['status_url']}/stream", params={"logs": logs}, **options)


@pytest.mark.case("C23")
def test_it_tells_every_change_and_each_log_line_once(paused: Gateway) -> None:
    submitted = paused.submit(num_inference_steps=4)
    with watch(paused, submitted) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream"
        assert response.headers["cache-control"] == "no-cache"
        assert response.headers["x-accel-buffering"] == "no"
        assert response.headers["x-fal-request-id"] == submitted["request_id"]
        assert response.headers["access-control-allow-origin"] == "*"
        seen = []
        for event in events(response):
            seen.append(event)
            if event["logs"]:
                paused.may_paint.set()
    words = [event["status"] for event in seen]
    assert words == sorted(words, key=["IN_QUEUE", "IN_PROGRESS", "COMPLETED"].index)
    assert words.count("COMPLETED") == 1
    messages = [line["message"] for event in seen for line in event["logs"]]
    assert messages == [f"step {n}/4" for n in range(1, 5)]


def test_who_asked_for_previews_at_the_submission_gets_the_pictures_as_they_stand(gateway: Gateway) -> None:
    submitted = gateway.post(QUEUE, WISH, headers={"x-tintype-previews": "1"}).json()
    with watch(gateway, submitted, logs=0) as response:
        *_, last = events(response)
    assert (last["status"], last["preview"]["step"], last["preview"]["num_inference_steps"]) == ("COMPLETED", 2, 2)
    assert last["preview"]["images"][0]["url"].startswith("data:image/jpeg;base64,")
    assert "preview" not in gateway.completed(submitted)


def test_its_events_are_what_polling_answers(paused: Gateway) -> None:
    paused.until(paused.submit(), "IN_PROGRESS")
    submitted = paused.submit()
    with watch(paused, submitted, logs=0) as response:
        told = events(response)
        assert next(told) == paused.http.get(submitted["status_url"]).json()
        paused.may_paint.set()
        *_, last = told
    assert last == paused.completed(submitted) | {"logs": None}


@pytest.mark.case("C40")
def test_who_comes_late_is_told_all_at_once(gateway: Gateway) -> None:
    submitted = gateway.submit()
    status = gateway.completed(submitted)
    with watch(gateway, submitted) as response:
        assert list(events(response)) == [status]
        assert len(status["logs"]) == 2


@pytest.mark.case("C40")
def test_a_long_wait_is_filled_with_pings(hasty: Gateway) -> None:
    submitted = hasty.submit()
    hasty.until(submitted, "IN_PROGRESS")
    with watch(hasty, submitted) as response:
        told = chunks(response)
        assert next(told).startswith("data: ")
        pings = [chunk for chunk in (next(told) for _ in range(4)) if chunk == ": ping"]
        assert len(pings) >= 3
        hasty.may_paint.set()
        assert '"COMPLETED"' in list(told)[-1]


def test_a_place_in_the_queue_is_told_when_it_changes(paused: Gateway) -> None:
    first = paused.submit()
    paused.until(first, "IN_PROGRESS")
    second, third = paused.submit(), paused.submit()
    with watch(paused, third) as response:
        told = events(response)
        assert next(told)["queue_position"] == 1
        paused.http.put(second["cancel_url"])
        assert next(told)["queue_position"] == 0
        paused.may_paint.set()
        assert all("queue_position" not in event for event in told)


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/event-stream", "text/html"])
@pytest.mark.parametrize("base", ["/queue/fal-ai/z-image", "/queue/fal-ai/z-image/turbo", "/fal-ai/z-image"])
def test_what_is_accepted_and_how_it_is_spelled_do_not_matter(gateway: Gateway, base: str, accept: str) -> None:
    submitted = gateway.submit()
    gateway.completed(submitted)
    url = f"{base}/requests/{submitted['request_id']}/status/stream/"
    answer = gateway.http.get(url, headers={"accept": accept})
    assert answer.headers["content-type"] == "text/event-stream"
    assert '"status":"COMPLETED"' in answer.text


def test_a_failure_completes_it_and_is_named(paused: Gateway) -> None:
    submitted = paused.submit()
    with watch(paused, submitted) as response:
        told = events(response)
        next(told)
        paused.http.put(submitted["cancel_url"])
        *_, last = told
    assert (last["status"], last["error_type"]) == ("COMPLETED", "client_cancelled")


def test_an_unknown_request_is_not_found(gateway: Gateway) -> None:
    answer = gateway.http.get("/queue/fal-ai/z-image/requests/x/status/stream")
    assert check_error(answer, 404) == "Request not found"
    assert answer.json()["status"] == "NOT_FOUND"


def test_who_stops_reading_leaves_the_request_alone(paused: Gateway) -> None:
    submitted = paused.submit()
    paused.until(submitted, "IN_PROGRESS")
    with watch(paused, submitted) as response:
        next(events(response))
    _until_nobody_listens(paused, submitted["request_id"])
    assert paused.do(paused.store.counts())[State.RUNNING] == 1
    paused.may_paint.set()
    assert "error" not in paused.completed(submitted)


def test_a_server_that_stops_ends_it_and_says_so(paused: Gateway) -> None:
    submitted = paused.submit()
    paused.until(submitted, "IN_PROGRESS")
    with watch(paused, submitted) as response:
        told = events(response)
        next(told)
        paused.stopping()
        *_, last = told
    assert last["error_type"] == "runner_disconnected"
    assert last["error"] == {"status": 503, "message": "The server is being stopped"}


def test_many_may_watch_at_once(paused: Gateway) -> None:
    submitted = paused.submit()
    seen: list[list[dict[str, Any]]] = []

    def look() -> None:
        with (
            httpx.Client(timeout=20) as http,
            http.stream("GET", f"{submitted['status_url']}/stream?logs=1") as response,
        ):
            seen.append(list(events(response)))

    watchers = [threading.Thread(target=look) for _ in range(5)]
    for watcher in watchers:
        watcher.start()
    paused.until(submitted, "IN_PROGRESS")
    paused.may_paint.set()
    for watcher in watchers:
        watcher.join()
    for told in seen:
        assert [line["message"] for event in told for line in event["logs"]] == ["step 1/2", "step 2/2"]
    assert len(seen) == 5


def _until_nobody_listens(gateway: Gateway, job_id: str) -> None:
    """All who listen to this job are gone, but for the memory of those who poll."""
    wait_until(lambda: len(gateway.app.state.gateway.bus.listeners.get(job_id, ())) <= 1)
