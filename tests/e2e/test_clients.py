"""The user's page, run as its readers would run it."""

import base64
import io
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.e2e.server import ENDPOINT, Server

PROMPT = (
    "A hyper-realistic, close-up portrait of a tribal elder from the Omo Valley, painted with intricate white chalk "
    "patterns and adorned with a headdress made of dried flowers, seed pods, and rusted bottle caps. The focus is "
    "razor-sharp on the texture of the skin, showing every pore, wrinkle, and scar that tells a story of survival. The "
    "background is a blurred, smoky hut interior, with the warm glow of a cooking fire reflecting in the subject's "
    "dark, soulful eyes. Shot on a Leica M6 with Kodak Portra 400 film grain aesthetic."
)
"""The page's own."""

PAGE_PYTHON = f"""
import fal_client

def on_queue_update(update):
    if isinstance(update, fal_client.InProgress):
        for log in update.logs:
           print(log["message"])

result = fal_client.subscribe(
    "fal-ai/z-image/turbo",
    arguments={{
        "prompt": {PROMPT!r}
    }},
    with_logs=True,
    on_queue_update=on_queue_update,
)
print(result)
"""


def check_output(output: dict, *, size: tuple[int, int] = (1024, 768), form: str = "PNG", images: int = 1) -> None:
    """The page's output schema, and files that are what it says."""
    assert set(output) == {"images", "timings", "seed", "has_nsfw_concepts", "prompt"}
    assert len(output["images"]) == len(output["has_nsfw_concepts"]) == images
    assert output["timings"]["inference"] > 0
    for image in output["images"]:
        data = httpx.get(image["url"]).raise_for_status()
        assert data.headers["content-type"] == image["content_type"]
        assert len(data.content) == image["file_size"]
        with Image.open(io.BytesIO(data.content)) as picture:
            assert picture.size == size == (image["width"], image["height"])
            assert picture.format == form


@pytest.mark.case("C16")
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_the_pages_curl_answers_with_a_picture_in_time(server: Server) -> None:
    """The page's command; its prompt holds an apostrophe, which a shell wants escaped, so no shell here."""
    command = ["curl", "--silent", "--show-error", "--request", "POST", "--url", f"{server.url}{ENDPOINT}"]
    command += ["--header", "Authorization: Key ", "--header", "Content-Type: application/json"]
    command += ["--data", '{\n     "prompt": ' + json.dumps(PROMPT) + "\n   }"]
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert time.monotonic() - started < 10
    output = json.loads(done.stdout)
    check_output(output)
    assert output["prompt"] == PROMPT


def test_the_pages_python_example_prints_progress_and_the_result(server: Server) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PAGE_PYTHON], env=server.environment(), capture_output=True, text=True, check=True
    )
    assert re.search(r"^step [1-8]/8, ", done.stdout, re.MULTILINE), done.stdout
    result = eval(done.stdout.splitlines()[-1])  # the page prints the dict
    assert result["images"][0]["url"].startswith(f"https://localhost:{server.tls_port}/files/")
    result["images"][0]["url"] = result["images"][0]["url"].replace(f"https://localhost:{server.tls_port}", server.url)
    check_output(result)


def test_run_and_cancel_work_from_the_python_client(server: Server, tmp_path: Path) -> None:
    script = """
import fal_client
print(fal_client.run("fal-ai/z-image/turbo", arguments={"prompt": "a tree", "image_size": "square"})["seed"])
long = {"prompt": "a tree", "num_inference_steps": 30, "num_images": 4}
handle = fal_client.submit("fal-ai/z-image/turbo", arguments=long)
handle.cancel()
try:
    print(handle.get())
except fal_client.client.FalClientHTTPError as error:
    print(error.status_code, error.error_type)
try:
    fal_client.subscribe("fal-ai/z-image/turbo", arguments={"prompt": "a tree", "num_images": 5})
except fal_client.client.FalClientHTTPError as error:
    print(error.status_code, error.args)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=server.environment(),
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    seed, cancelled, refused = done.stdout.splitlines()
    assert int(seed) >= 0
    assert cancelled == "499 client_cancelled"
    assert refused.startswith("422")
    assert "less_than_equal" in refused


@pytest.mark.case("C48", "C51")
@pytest.mark.parametrize(("name", "form"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_every_format_at_an_odd_size(server: Server, name: str, form: str) -> None:
    wish = {"prompt": "a house", "image_size": {"width": 333, "height": 517}, "output_format": name, "num_images": 2}
    output = httpx.post(f"{server.url}{ENDPOINT}", json=wish, timeout=60).raise_for_status().json()
    check_output(output, size=(333, 517), form=form, images=2)


PRESETS = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}


@pytest.mark.case("C48")
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_gives_exactly_its_pixels(server: Server, preset: str) -> None:
    wish = {"prompt": "a lighthouse", "image_size": preset, "num_inference_steps": 2}
    output = httpx.post(f"{server.url}{ENDPOINT}", json=wish, timeout=60).raise_for_status().json()
    check_output(output, size=PRESETS[preset])


@pytest.mark.case("C52")
def test_sync_mode_hands_the_picture_over_and_keeps_nothing(server: Server) -> None:
    wish = {"prompt": "a balloon", "image_size": "square", "sync_mode": True}
    answer = httpx.post(f"{server.url}{ENDPOINT}", json=wish, timeout=60).raise_for_status()
    url = answer.json()["images"][0]["url"]
    assert url.startswith("data:image/png;base64,")
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as picture:
        assert picture.size == (512, 512)
    assert not list((server.home / "files").rglob(f"*{answer.headers['x-fal-request-id']}*"))


@pytest.mark.case("C55")
def test_a_level_of_acceleration_says_what_it_is(server: Server) -> None:
    submitted = server.submit(prompt="a house", acceleration="high", image_size="square")
    lines = [line["message"] for line in server.wait_for(submitted)["logs"]]
    assert "acceleration high: matrix products in int8, a scale per row; steps 3 and 5 of eight foretold" in lines
    assert set(httpx.get(f"{server.url}/healthz").json()["acceleration"]) == {"none", "regular", "high"}


@pytest.mark.case("C41")
def test_a_stream_shows_the_picture_growing(server: Server) -> None:
    script = """
import fal_client, json
wish = {"prompt": "a red boat", "image_size": "square", "num_inference_steps": 4, "num_images": 2, "seed": 2}
for event in fal_client.stream("fal-ai/z-image/turbo", arguments=wish):
    print(json.dumps(event))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env=server.environment(), capture_output=True, text=True, check=True
    )
    *steps, output = map(json.loads, done.stdout.splitlines())
    assert [event["progress"] for event in steps] == [n / 8 for n in range(1, 9)]
    assert [len(event["images"]) for event in steps] == [1] * 4 + [2] * 4
    for event in steps:
        data = base64.b64decode(event["images"][-1]["url"].partition(",")[2])
        assert Image.open(io.BytesIO(data)).size == (event["images"][-1]["width"], event["images"][-1]["height"])
    assert len(output["images"]) == 2
