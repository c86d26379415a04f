"""OpenAI's own client against ``/v1/images/generations``."""

import base64
import io
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from PIL import Image

from tests.api.gateway import Gateway
from tintype.keys import Keys


def client(gateway: Gateway, key: str = "any", **options: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0, **options)


@pytest.fixture(scope="module")
def images(gateway: Gateway) -> Iterator[openai.resources.Images]:
    with client(gateway) as made:
        yield made.images


def opened(data: bytes) -> tuple[str | None, tuple[int, int]]:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.format, picture.size


def test_by_address(gateway: Gateway, images: openai.resources.Images) -> None:
    answer = images.generate(model="z-image-turbo", prompt="a boat", size="48x32", n=2)
    assert (answer.size, answer.output_format) == ("48x32", "png")
    assert answer.created > 1.7e9
    assert answer._request_id == gateway.painter.painted[-1]
    assert answer.data is not None
    urls = [image.url for image in answer.data if image.url and not image.b64_json]
    assert len(set(urls)) == 2
    for url in urls:
        assert opened(httpx.get(url).content) == ("PNG", (48, 32))


@pytest.mark.parametrize("how", [{"response_format": "b64_json"}, {"model": "gpt-image-2"}])
def test_in_the_answer_itself(gateway: Gateway, images: openai.resources.Images, how: dict[str, Any]) -> None:
    answer = images.generate(prompt="a boat", size="32x32", n=2, output_format="webp", **how)
    assert answer.data is not None
    assert [image.url for image in answer.data] == [None, None]
    for image in answer.data:
        assert image.b64_json
        assert opened(base64.b64decode(image.b64_json)) == ("WEBP", (32, 32))
    assert gateway.do(gateway.files.get(f"inline/{gateway.painter.painted[-1]}/1/0.webp")) is None


def test_an_asked_for_address_wins_over_the_models_name(images: openai.resources.Images) -> None:
    answer = images.generate(prompt="a boat", size="32x32", model="gpt-image-2", response_format="url")
    assert answer.data
    assert answer.data[0].url


def test_what_means_nothing_here_changes_nothing(images: openai.resources.Images) -> None:
    answer = images.generate(
        prompt="a boat",
        size="auto",
        model="dall-e-3",
        quality="hd",
        style="vivid",
        background="opaque",
        moderation="low",
        output_compression=50,
        user="me",
        n=None,
    )
    assert answer.size == "1024x1024"


def test_a_seed_paints_the_same_again(images: openai.resources.Images) -> None:
    def painted(seed: int) -> Any:
        return images.generate(
            prompt="a boat", size="32x32", response_format="b64_json", extra_body={"seed": seed}
        ).data

    assert painted(3) == painted(3) != painted(4)


@pytest.mark.parametrize(
    ("wish", "param", "code"),
    [
        ({"size": "big"}, "size", "string_pattern_mismatch"),
        ({"size": "0x32"}, "size", "string_pattern_mismatch"),
        ({"size": "20000x32"}, "size", "less_than_equal"),
        ({"size": "9999x9999"}, "size", "image_too_large"),
        ({"n": 5}, "n", "less_than_equal"),
        ({"output_format": "gif"}, "output_format", "literal_error"),
        ({"stream": True}, "stream", "literal_error"),
        ({"prompt": None}, "prompt", "string_type"),
    ],
)
def test_a_wrong_wish(images: openai.resources.Images, wish: dict[str, Any], param: str, code: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        images.generate(**{"prompt": "a boat", "size": "32x32"} | wish)
    error = caught.value
    assert (error.param, error.code, error.type) == (param, code, "invalid_request_error")
    assert param in error.message


def test_what_is_no_json(gateway: Gateway) -> None:
    answer = gateway.http.post("/v1/images/generations", content="{", headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "message": "JSON decode error", "type": "invalid_request_error", "param": None, "code": "json_invalid"
    }  # fmt: skip


def test_keys(tmp_path: Path) -> None:
    key = Keys(tmp_path).create("first")
    with Gateway(tmp_path) as locked:
        with client(locked, "sk-nonsense") as stranger, pytest.raises(openai.AuthenticationError) as caught:
            stranger.images.generate(prompt="a boat", size="32x32")
        assert caught.value.code == "invalid_api_key"
        with client(locked, key) as owner:
            assert owner.images.generate(prompt="a boat", size="32x32").data


def test_a_model_that_cannot_run(tmp_path: Path) -> None:
    with Gateway(tmp_path) as broken, client(broken) as made:
        broken.engine.state, broken.engine.phase = "failed", "no such device"
        with pytest.raises(openai.InternalServerError) as caught:
            made.images.generate(prompt="a boat", size="32x32")
        assert (caught.value.status_code, caught.value.type) == (503, "server_error")
        assert "no such device" in caught.value.message


def test_a_caller_who_leaves_cancels(paused: Gateway) -> None:
    with client(paused, timeout=0.5) as impatient, pytest.raises(openai.APITimeoutError):
        impatient.images.generate(prompt="a boat", size="32x32")
    (job_id,) = paused.painter.painted
    while (job := paused.do(paused.store.get(job_id))) and not job.cancel_requested:
        time.sleep(0.01)
    assert job


def test_the_readmes_example_runs_as_written(gateway: Gateway) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    code = re.search(r"```python\n(from openai.*?)```", readme, re.DOTALL)
    assert code
    text = code[1].replace("http://127.0.0.1:8000", gateway.url)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert opened(httpx.get(done.stdout.strip()).content) == ("PNG", (1024, 768))
