"""Cases that a hand-written request can judge, and that tests elsewhere do not."""

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.e2e.server import ENDPOINT, Server

WISH = {"prompt": "a boat", "image_size": {"width": 48, "height": 32}, "num_inference_steps": 1}


@pytest.mark.case("C19")
@pytest.mark.parametrize("accept", ["*/*", None, "application/json", "text/event-stream", "text/html"])
def test_whatever_is_accepted_json_is_answered(fake: Server, accept: str | None) -> None:
    with httpx.Client() as client:
        del client.headers["accept"]
        headers = {} if accept is None else {"accept": accept}
        answer = client.post(f"{fake.url}/run{ENDPOINT}", json=WISH, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


@pytest.mark.case("C53")
def test_four_images_are_four_pictures_of_one_seed(fake: Server) -> None:
    output: dict[str, Any] = httpx.post(f"{fake.url}/run{ENDPOINT}", json=WISH | {"num_images": 4}).json()
    files = {httpx.get(image["url"]).raise_for_status().content for image in output["images"]}
    assert len(files) == len(output["images"]) == 4
    assert output["has_nsfw_concepts"] == [False] * 4
    assert isinstance(output["seed"], int)


@pytest.mark.case("C54")
@pytest.mark.parametrize("name", ["enable_safety_checker", "enable_safety_checks"])
@pytest.mark.parametrize("check", [True, False])
def test_a_flagged_picture_is_black_unless_nobody_was_to_check_it(fake: Server, name: str, check: bool) -> None:
    wish = WISH | {"prompt": "nsfw", "num_images": 2, name: check}
    output: dict[str, Any] = httpx.post(f"{fake.url}/run{ENDPOINT}", json=wish).raise_for_status().json()
    assert output["has_nsfw_concepts"] == [check] * 2
    for image in output["images"]:
        with Image.open(io.BytesIO(httpx.get(image["url"]).content)) as picture:
            assert picture.size == (48, 32)
            assert (picture.convert("L").getextrema() == (0, 0)) is check


@pytest.mark.case("C51")
@pytest.mark.parametrize(
    ("form", "end", "magic"), [("png", "png", b"\x89PNG"), ("jpeg", "jpg", b"\xff\xd8\xff"), ("webp", "webp", b"RIFF")]
)
def test_a_file_begins_and_ends_as_its_type_does(fake: Server, form: str, end: str, magic: bytes) -> None:
    (image,) = httpx.post(f"{fake.url}/run{ENDPOINT}", json=WISH | {"output_format": form}).json()["images"]
    answer = httpx.get(image["url"])
    assert answer.content.startswith(magic)
    assert answer.headers["content-type"] == image["content_type"] == f"image/{form}"
    assert image["url"].endswith(f".{end}")
    assert image["file_name"].endswith(f".{end}")


@pytest.mark.case("C60")
def test_17_kb_of_headers_are_read_or_refused_but_never_a_failure(fake: Server) -> None:
    answer = httpx.post(f"{fake.url}/run{ENDPOINT}", json=WISH, headers={"x-fal-tags": "x" * 17 * 1024})
    assert answer.status_code in (200, 431)
    assert httpx.post(f"{fake.url}/run{ENDPOINT}", json=WISH).status_code == 200


@pytest.mark.case("C56")
def test_an_error_may_be_read_from_another_origin(fake: Server) -> None:
    answer = httpx.post(f"{fake.url}/run{ENDPOINT}", json={}, headers={"origin": "https://app.example"})
    assert answer.status_code == 422
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "x-fal-request-id" in answer.headers["access-control-expose-headers"]


@pytest.mark.case("C58")
@pytest.mark.parametrize(
    ("word", "status", "error_type"),
    [("oom", 500, "internal_error"), ("crash", 503, "runner_disconnected")],
)
def test_what_ends_a_job_is_told_in_json(fake: Server, word: str, status: int, error_type: str) -> None:
    headers = {"x-fal-no-retry": "1"}
    answer = httpx.post(f"{fake.url}/run{ENDPOINT}", json=WISH | {"prompt": word}, headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["error_type"]) == (status, error_type)
    assert answer.headers["x-fal-request-id"], "without it fal's Python client takes a 503 for a reason to repeat"
