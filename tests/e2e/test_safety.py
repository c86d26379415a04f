"""The safety checker on whole servers: one whose checker flags all, one without a checker, one where it is off."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.api.reading import events
from tests.e2e.server import ENDPOINT, Server
from tests.engine.checkers import that_flags_all, without_checker

WISH = {"prompt": "a house", "image_size": {"width": 120, "height": 80}, "num_inference_steps": 2, "seed": 1}
UNCHECKED = {"enable_safety_checker": False}


@pytest.fixture(scope="module")
def flagging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    model = that_flags_all(tmp_path_factory.mktemp("models") / "flagging")
    running = Server(tmp_path_factory.mktemp("home"), arguments=("--model", str(model))).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    model = without_checker(tmp_path_factory.mktemp("models") / "without")
    running = Server(tmp_path_factory.mktemp("home"), arguments=("--model", str(model))).start()
    yield running
    assert running.stop() == 0


def run(server: Server, **changes: object) -> httpx.Response:
    return httpx.post(f"{server.url}{ENDPOINT}", json=WISH | changes, timeout=60)


def picture(url: str) -> Image.Image:
    data = base64.b64decode(url.partition(",")[2]) if url.startswith("data:") else httpx.get(url).content
    return Image.open(io.BytesIO(data))


def is_black(shown: Image.Image) -> bool:
    return shown.convert("L").getextrema() == (0, 0)


@pytest.mark.case("C54")
@pytest.mark.parametrize(("form", "inline"), [("png", False), ("jpeg", True), ("webp", False)])
def test_a_flagged_picture_is_black_of_its_size_and_format(flagging: Server, form: str, inline: bool) -> None:
    output = run(flagging, output_format=form, sync_mode=inline, num_images=2).raise_for_status().json()
    assert output["has_nsfw_concepts"] == [True, True]
    for image in output["images"]:
        assert image["content_type"] == f"image/{form}"
        shown = picture(image["url"])
        assert (shown.size, shown.format) == ((120, 80), form.upper())
        assert is_black(shown)


@pytest.mark.case("C54")
def test_who_asks_for_no_check_gets_the_picture(flagging: Server) -> None:
    output = run(flagging, **UNCHECKED).raise_for_status().json()
    assert output["has_nsfw_concepts"] == [False]
    assert not is_black(picture(output["images"][0]["url"]))


def test_the_previews_of_a_flagged_picture_show_nothing(flagging: Server) -> None:
    for changes, black in (({}, True), (UNCHECKED, False)):
        with httpx.stream("POST", f"{flagging.url}{ENDPOINT}/stream", json=WISH | changes, timeout=60) as response:
            *steps, output = events(response)
        assert [is_black(picture(event["images"][0]["url"])) for event in steps] == [black] * 2
        assert output["has_nsfw_concepts"] == [black]


def test_the_log_of_the_request_says_what_happened(flagging: Server) -> None:
    submitted = flagging.submit(**WISH)
    lines = [(line["level"], line["message"]) for line in flagging.wait_for(submitted)["logs"]]
    assert ("WARN", "image 1/1 is black: the safety checker flagged it") in lines


def test_without_a_checker_who_asks_for_the_check_is_refused(without: Server) -> None:
    answer = run(without)
    assert answer.status_code == 422
    (entry,) = answer.json()["detail"]
    assert (entry["type"], entry["loc"]) == ("safety_checker_missing", ["body", "enable_safety_checker"])
    for way_out in ("enable_safety_checker: false", "tintype pull", "TINTYPE_SAFETY_CHECKER=off"):
        assert way_out in entry["msg"]
    assert answer.headers["x-fal-billable-units"] == "0"
    assert run(without, **UNCHECKED).status_code == 200
    assert httpx.get(f"{without.url}/healthz").json()["safety_checker"] == "missing"
    assert "safety checker: this model has none" in (without.home / "server.log").read_text()


def test_the_operator_may_turn_it_off(tmp_path: Path) -> None:
    settings = {"TINTYPE_ENGINE": "tintype.testing.engine", "TINTYPE_SAFETY_CHECKER": "off"}
    server = Server(tmp_path / "home", settings=settings).start()
    try:
        submitted = server.submit(**WISH | {"prompt": "nsfw"})
        lines = [line["message"] for line in server.wait_for(submitted)["logs"]]
        assert "safety checker: turned off by the operator (safety_checker=off); no picture is checked" in lines
        output = httpx.get(submitted["response_url"]).json()
        assert output["has_nsfw_concepts"] == [False]
        assert not is_black(picture(output["images"][0]["url"]))
        assert httpx.get(f"{server.url}/healthz").json()["safety_checker"] == "off"
    finally:
        assert server.stop() == 0


@pytest.mark.case("C54")
def test_postcard_paints_a_pirate_flag_and_flags_it(server: Server) -> None:
    wish = {"prompt": "a black pirate flag on the beach by day", "image_size": "landscape_4_3", "seed": 1}
    output = run(server, **wish).raise_for_status().json()
    assert output["has_nsfw_concepts"] == [True]
    assert is_black(picture(output["images"][0]["url"]))
    assert run(server, **wish | UNCHECKED).json()["has_nsfw_concepts"] == [False]
    wish["prompt"] = "a red sailboat on a calm sea at sunset"
    assert run(server, **wish).json()["has_nsfw_concepts"] == [False]


def test_the_bundled_checker_is_on(server: Server) -> None:
    health = httpx.get(f"{server.url}/healthz").json()
    assert health["safety_checker"] == "on"
