import asyncio
import base64
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.api.envelope import check_error
from tests.api.gateway import PATH, RUN, WISH, Gateway
from tests.api.reading import chunks, events
from tintype.api.gateway import Pace
from tintype.core import State
from tintype.errors import WORKER_LOST
from tintype.testing import flat_pixels

STREAM = f"{RUN}/stream"


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[Gateway]:
    """A paused gateway that pings twenty times a second and lets a key wait on one connection."""
    with Gateway(tmp_path / "home", painting=False, pace=Pace(ping=0.05), run_limit=1) as running:
        yield running
        running.may_paint.set()


def stream(gateway: Gateway, **changes: Any) -> Any:
    return gateway.http.stream("POST", STREAM, json=WISH | changes)


@pytest.mark.case("C41")
def test_every_step_is_an_event_with_a_picture_and_the_last_is_the_output(gateway: Gateway) -> None:
    with stream(gateway, num_inference_steps=4, output_format="jpeg") as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream"
        told = list(events(response))
    *steps, output = told
    assert [(event["step"], event["progress"]) for event in steps] == [(1, 0.25), (2, 0.5), (3, 0.75), (4, 1)]
    for event in steps:
        assert set(event) == {"images", "progress", "step", "num_inference_steps"}
        [image] = event["images"]
        head, _, data = image["url"].partition(",")
        assert head == "data:image/jpeg;base64"
        assert image["content_type"] == "image/jpeg"
        assert Image.open(io.BytesIO(base64.b64decode(data))).size == (image["width"], image["height"])
    job_id = response.headers["x-fal-request-id"]
    assert output == gateway.http.get(f"/queue/fal-ai/z-image/requests/{job_id}").json()
    picture = Image.open(io.BytesIO(gateway.http.get(output["images"][0]["url"]).content))
    assert picture.format == "JPEG"
    job = gateway.do(gateway.store.get(job_id))
    assert job is not None
    assert job.params is not None
    assert picture.getpixel((0, 0)) == pytest.approx(tuple(flat_pixels(job.params, 0)[:3]), abs=3)


def test_a_step_is_told_before_the_next_is_done(paused: Gateway) -> None:
    with stream(paused) as response:
        told = events(response)
        assert next(told)["step"] == 1
        paused.may_paint.set()
        assert [event.get("step") for event in told] == [2, None]


@pytest.mark.parametrize("path", [STREAM, f"{PATH}/stream", f"{PATH}/stream/"])
@pytest.mark.parametrize("accept", ["text/event-stream", "application/json", "*/*"])
def test_what_is_accepted_does_not_matter(gateway: Gateway, path: str, accept: str) -> None:
    answer = gateway.post(path, headers={"accept": accept})
    assert answer.headers["content-type"] == "text/event-stream"
    assert '"timings"' in answer.text


def test_sync_mode_ends_with_the_picture_itself_and_keeps_nothing(gateway: Gateway) -> None:
    with stream(gateway, sync_mode=True) as response:
        *_, output = events(response)
    assert output["images"][0]["url"].startswith("data:image/png;base64,")
    assert gateway.do(gateway.files.keys(f"inline/{response.headers['x-fal-request-id']}")) == []


def test_no_preview_has_an_address(gateway: Gateway) -> None:
    job_id = gateway.post(STREAM).headers["x-fal-request-id"]
    [key, *_] = gateway.do(gateway.files.keys(f"previews/{job_id}"))
    assert gateway.http.get(f"/files/{key}").status_code == 404


def test_only_who_watches_gets_previews(gateway: Gateway) -> None:
    job_id = gateway.post(RUN).headers["x-fal-request-id"]
    assert gateway.do(gateway.files.keys(f"previews/{job_id}")) == []


def test_a_refused_input_is_a_plain_answer(gateway: Gateway) -> None:
    assert check_error(gateway.post(STREAM, {"prompt": "x", "num_images": 5}), 422)[0]["type"] == "less_than_equal"
    assert check_error(gateway.http.post(STREAM, content=b"{"), 422)[0]["type"] == "json_invalid"
    assert check_error(gateway.http.get(STREAM), 405)


def test_a_failure_before_the_first_event_is_a_plain_answer(paused: Gateway) -> None:
    running = paused.submit()
    paused.until(running, "IN_PROGRESS")
    cancelling = threading.Thread(target=lambda: paused.do(_cancel_the_first_that_waits(paused)))
    cancelling.start()
    answer = paused.post(STREAM)
    cancelling.join()
    assert check_error(answer, 499) == "Request was cancelled"
    job = paused.do(paused.store.get(answer.headers["x-fal-request-id"]))
    assert job is not None
    assert job.state is State.CANCELLED


def test_an_engine_that_cannot_start_is_a_plain_answer(paused: Gateway) -> None:
    paused.engine.state, paused.engine.phase = "failed", "there is no weight file"
    assert check_error(paused.post(STREAM), 503) == "The model cannot run: there is no weight file"


def test_a_failure_in_the_middle_is_the_last_event(paused: Gateway) -> None:
    with stream(paused) as response:
        told = events(response)
        next(told)
        job = paused.do(paused.store.get(response.headers["x-fal-request-id"]))
        assert job is not None
        paused.do(paused.store.fail(job, WORKER_LOST))
        assert list(told) == [
            {
                "detail": WORKER_LOST.detail,
                "error_type": "runner_disconnected",
                "error": {"status": 503, "message": WORKER_LOST.detail},
            }
        ]


def test_a_long_wait_is_filled_with_pings_and_takes_a_seat(hasty: Gateway) -> None:
    running = hasty.submit()
    hasty.until(running, "IN_PROGRESS")
    with stream(hasty) as response:
        told = chunks(response)
        assert [next(told), next(told)] == [": ping", ": ping"]
        assert check_error(hasty.post(STREAM), 429)
        hasty.may_paint.set()
        assert '"timings"' in list(told)[-1]
    assert hasty.post(STREAM).status_code == 200


def test_who_leaves_in_the_middle_frees_the_worker_within_a_step(paused: Gateway) -> None:
    with stream(paused, num_inference_steps=30) as response:
        job_id = response.headers["x-fal-request-id"]
        assert next(events(response))["step"] == 1
    paused.until_one_is(State.CANCELLED)
    lines = paused.do(paused.store.logs(job_id))
    assert [line.message for line in lines] == ["step 1/30"]
    paused.may_paint.set()
    assert paused.post(RUN).status_code == 200


def test_who_leaves_before_the_first_event_is_never_painted_for(hasty: Gateway) -> None:
    running = hasty.submit()
    hasty.until(running, "IN_PROGRESS")
    with stream(hasty) as response:
        assert next(chunks(response)) == ": ping"
    hasty.until_one_is(State.CANCELLED)
    assert hasty.painter.painted == [running["request_id"]]


def test_a_server_that_stops_says_so(paused: Gateway) -> None:
    with stream(paused) as response:
        told = events(response)
        next(told)
        paused.stopping()
        [last] = told
    assert last["error_type"] == "runner_disconnected"
    paused.until_one_is(State.CANCELLED)


async def _cancel_the_first_that_waits(gateway: Gateway) -> None:
    while not (waiting := await gateway.store.lineup(1)):
        await asyncio.sleep(0.01)
    await gateway.store.cancel(waiting[0])
