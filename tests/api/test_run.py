import base64
import io
import socket
import uuid

import pytest
from PIL import Image

from tests.api.envelope import check_error
from tests.api.gateway import PATH, RUN, SMALL, WISH, Gateway
from tintype.core import State


def test_a_run_answers_with_the_pages_output(gateway: Gateway) -> None:
    answer = gateway.post(RUN, WISH | {"num_images": 2})
    assert answer.status_code == 200
    output = answer.json()
    assert set(output) == {"images", "timings", "seed", "has_nsfw_concepts", "prompt"}
    assert (output["seed"], output["prompt"]) == (7, "a red sailboat")
    assert output["has_nsfw_concepts"] == [False, False]
    assert output["timings"] == {"inference": 0.125}
    for image in output["images"]:
        assert set(image) == {"url", "content_type", "file_name", "file_size", "width", "height"}
        assert image["url"].startswith(f"{gateway.url}/files/")
        assert image["url"].endswith(f"/{image['file_name']}")
        file = gateway.http.get(image["url"])
        assert file.headers["content-type"] == image["content_type"] == "image/png"
        assert len(file.content) == image["file_size"]
        assert Image.open(io.BytesIO(file.content)).size == (image["width"], image["height"]) == (32, 24)


def test_the_request_id_is_the_jobs(gateway: Gateway) -> None:
    answer = gateway.post()
    job_id = answer.headers["x-fal-request-id"]
    assert str(uuid.UUID(job_id, version=4)) == job_id
    assert f"/files/{job_id}/" in answer.json()["images"][0]["url"]


def test_megapixels_are_what_is_billed(gateway: Gateway) -> None:
    wish = {"prompt": "x", "num_images": 2, "image_size": {"width": 1024, "height": 768}}
    assert gateway.post(RUN, wish).headers["x-fal-billable-units"] == "1.5729"


@pytest.mark.case("C18")
@pytest.mark.parametrize("path", [RUN, f"{RUN}/", PATH, f"{PATH}/"])
def test_every_spelling_of_the_path_runs_without_a_redirect(gateway: Gateway, path: str) -> None:
    assert gateway.post(path).status_code == 200


@pytest.mark.parametrize(
    ("preset", "size"),
    [
        ("square_hd", (1024, 1024)),
        ("square", (512, 512)),
        ("portrait_4_3", (768, 1024)),
        ("portrait_16_9", (576, 1024)),
        ("landscape_4_3", (1024, 768)),
        ("landscape_16_9", (1024, 576)),
        ({"width": 333, "height": 17}, (333, 17)),
        ({"width": 100}, (100, 512)),
        ({}, (512, 512)),
        ({"height": None}, (512, 512)),
        (None, (1024, 768)),
    ],
)
def test_the_picture_has_exactly_the_size_asked_for(gateway: Gateway, preset: object, size: tuple[int, int]) -> None:
    image = gateway.post(RUN, {"prompt": "x", "image_size": preset, "num_inference_steps": 1}).json()["images"][0]
    assert (image["width"], image["height"]) == size


@pytest.mark.parametrize(("form", "end"), [("png", "png"), ("jpeg", "jpg"), ("webp", "webp")])
def test_sync_mode_answers_with_the_picture_itself_and_no_address(gateway: Gateway, form: str, end: str) -> None:
    answer = gateway.post(RUN, WISH | {"sync_mode": True, "output_format": form})
    url = answer.json()["images"][0]["url"]
    head, _, data = url.partition(",")
    assert head == f"data:image/{form};base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (32, 24)
    key = f"inline/{answer.headers['x-fal-request-id']}/1/0.{end}"
    assert gateway.do(gateway.files.get(key)) is None, "nothing is kept once it was handed over"


def test_a_seed_is_drawn_that_gives_the_same_picture_when_it_is_sent_back(gateway: Gateway) -> None:
    first = gateway.post(RUN, {"prompt": "x", "image_size": SMALL}).json()
    assert 0 <= first["seed"] < 2**53
    again = gateway.post(RUN, {"prompt": "x", "image_size": SMALL, "seed": first["seed"]}).json()
    files = [gateway.http.get(output["images"][0]["url"]).content for output in (first, again)]
    assert files[0] == files[1]


@pytest.mark.parametrize("seed", [0, -1, 2**53 + 1, 2**64, 10**40])
def test_any_integer_is_a_seed_and_comes_back_as_given(gateway: Gateway, seed: int) -> None:
    assert gateway.post(RUN, WISH | {"seed": seed}).json()["seed"] == seed


@pytest.mark.case("C19")
def test_null_means_the_default_and_unknown_fields_mean_nothing(gateway: Gateway) -> None:
    wish = dict.fromkeys(
        ["seed", "sync_mode", "num_images", "num_inference_steps", "output_format", "acceleration",
         "enable_safety_checker", "enable_prompt_expansion", "guidance_scale"]
    )  # fmt: skip
    assert gateway.post(RUN, {"prompt": "x", "image_size": SMALL, **wish}).status_code == 200


@pytest.mark.case("C54")
@pytest.mark.parametrize("name", ["enable_safety_checker", "enable_safety_checks"])
def test_both_of_fals_names_for_the_safety_checker_are_understood(gateway: Gateway, name: str) -> None:
    answer = gateway.post(RUN, WISH | {name: False})
    job = gateway.do(gateway.store.get(answer.headers["x-fal-request-id"]))
    assert job is not None
    assert job.params is not None
    assert job.params.check_safety is False


@pytest.mark.case("C60")
def test_curls_default_content_type_is_no_obstacle(gateway: Gateway) -> None:
    body = b'{"prompt": "x", "image_size": {"width": 8, "height": 8}}'
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
    assert gateway.http.post(RUN, content=body, headers=headers).status_code == 200


def test_a_caller_who_hangs_up_cancels_the_job(paused: Gateway) -> None:
    host, port = paused.url.removeprefix("http://").split(":")
    body = b'{"prompt": "x", "image_size": "square"}'
    with socket.create_connection((host, int(port))) as caller:
        caller.sendall(b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (RUN.encode(), len(body), body))
        paused.until_one_is(State.RUNNING)
    paused.until_one_is(State.CANCELLED)


def test_an_engine_that_cannot_start_is_said_at_once(paused: Gateway) -> None:
    paused.engine.state, paused.engine.phase = "failed", "there is no weight file"
    answer = paused.post()
    assert check_error(answer, 503) == "The model cannot run: there is no weight file"
    assert answer.json()["error_type"] == "runner_scheduling_failure"
    assert paused.count() == 0
