"""Every wrong wish of the page is refused in exactly fal's words, and leaves nothing behind."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.envelope import check_error
from tests.api.gateway import PATH, QUEUE, RUN, WISH, Gateway

ROOT = Path(__file__).parents[2]
LOW, HIGH = "Input should be greater than or equal to {}", "Input should be less than or equal to {}"
PRESETS = "'square_hd', 'square', 'portrait_4_3', 'portrait_16_9', 'landscape_4_3' or 'landscape_16_9'"
WHOLE = "Input should be a valid integer, got a number with a fractional part"
UNPARSABLE = "Input should be a valid integer, unable to parse string as an integer"


def entry(loc: str, kind: str, message: str, given: Any, **ctx: Any) -> dict[str, Any]:
    found = {"type": kind, "loc": ["body", *loc.split(".")], "msg": message, "input": given}
    return found | {"ctx": ctx} if ctx else found


def literal(loc: str, given: str, expected: str) -> dict[str, Any]:
    return entry(loc, "literal_error", f"Input should be {expected}", given, expected=expected)


def side(name: str, given: int) -> dict[str, Any]:
    if given <= 0:
        return entry(f"image_size.{name}", "greater_than", "Input should be greater than 0", given, gt=0)
    return entry(f"image_size.{name}", "less_than_equal", HIGH.format(14142), given, le=14142)


WRONG = {
    "steps 0": (
        {"num_inference_steps": 0},
        [entry("num_inference_steps", "greater_than_equal", LOW.format(1), 0, ge=1)],
    ),
    "steps 31": (
        {"num_inference_steps": 31},
        [entry("num_inference_steps", "less_than_equal", HIGH.format(30), 31, le=30)],
    ),
    "steps 8.5": ({"num_inference_steps": 8.5}, [entry("num_inference_steps", "int_from_float", WHOLE, 8.5)]),
    "images 0": ({"num_images": 0}, [entry("num_images", "greater_than_equal", LOW.format(1), 0, ge=1)]),
    "images 5": ({"num_images": 5}, [entry("num_images", "less_than_equal", HIGH.format(4), 5, le=4)]),
    "images word": ({"num_images": "two"}, [entry("num_images", "int_parsing", UNPARSABLE, "two")]),
    "images list": ({"num_images": []}, [entry("num_images", "int_type", "Input should be a valid integer", [])]),
    "seed word": ({"seed": "x"}, [entry("seed", "int_parsing", UNPARSABLE, "x")]),
    "seed half": ({"seed": 1.5}, [entry("seed", "int_from_float", WHOLE, 1.5)]),
    "prompt number": ({"prompt": 1}, [entry("prompt", "string_type", "Input should be a valid string", 1)]),
    "prompt null": ({"prompt": None}, [entry("prompt", "string_type", "Input should be a valid string", None)]),
    "format gif": ({"output_format": "gif"}, [literal("output_format", "gif", "'jpeg', 'png' or 'webp'")]),
    "acceleration": ({"acceleration": "max"}, [literal("acceleration", "max", "'none', 'regular' or 'high'")]),
    "bool word": (
        {"sync_mode": "maybe"},
        [entry("sync_mode", "bool_parsing", "Input should be a valid boolean, unable to interpret input", "maybe")],
    ),
    "bool object": (
        {"enable_safety_checker": {}},
        [entry("enable_safety_checker", "bool_type", "Input should be a valid boolean", {})],
    ),
    "preset": ({"image_size": "huge"}, [literal("image_size", "huge", PRESETS)]),
    "width 0": ({"image_size": {"width": 0, "height": 8}}, [side("width", 0)]),
    "width 14143": ({"image_size": {"width": 14143, "height": 8}}, [side("width", 14143)]),
    "both sides": ({"image_size": {"width": 0, "height": 14143}}, [side("width", 0), side("height", 14143)]),
    "height word": (
        {"image_size": {"height": "tall"}},
        [entry("image_size.height", "int_parsing", UNPARSABLE, "tall")],
    ),
    "size number": (
        {"image_size": 512},
        [
            entry(
                "image_size",
                "model_attributes_type",
                "Input should be a valid dictionary or object to extract fields from",
                512,
            )
        ],
    ),
    "too large": (
        {"image_size": {"width": 4096, "height": 2048}},
        [
            entry(
                "image_size",
                "image_too_large",
                "The image of 4096x2048 is too large: at most 4194304 pixels are allowed, "
                "which in this shape is 2896x1448",
                {"width": 4096, "height": 2048},
                max_height=1448,
                max_width=2896,
            )
        ],
    ),
    "several": (
        {"num_images": 5, "num_inference_steps": 31},
        [
            entry("num_inference_steps", "less_than_equal", HIGH.format(30), 31, le=30),
            entry("num_images", "less_than_equal", HIGH.format(4), 5, le=4),
        ],
    ),
}


@pytest.fixture
def untouched(gateway: Gateway) -> Iterator[Gateway]:
    """The gateway, which must store no row and no file."""
    before = gateway.count(), sorted(Path(gateway.settings.files).rglob("*"))
    yield gateway
    assert (gateway.count(), sorted(Path(gateway.settings.files).rglob("*"))) == before


@pytest.mark.case("C49")
@pytest.mark.parametrize("name", WRONG)
def test_run_refuses_at_once(untouched: Gateway, name: str) -> None:
    changes, expected = WRONG[name]
    answer = untouched.post(RUN, WISH | changes)
    assert check_error(answer, 422) == expected
    assert answer.headers["x-fal-retryable"] == "false"


@pytest.mark.case("C49")
@pytest.mark.parametrize("name", WRONG)
def test_the_queue_refuses_in_the_result(gateway: Gateway, name: str) -> None:
    changes, expected = WRONG[name]
    assert check_error(gateway.http.get(gateway.submit(**changes)["response_url"]), 422) == expected


@pytest.mark.parametrize("given", [{}, {"seed": 1}, None])
def test_a_missing_prompt_shows_what_was_given(untouched: Gateway, given: dict[str, int] | None) -> None:
    body = b"" if given is None else json.dumps(given).encode()
    expected = entry("prompt", "missing", "Field required", given or {})
    assert check_error(untouched.http.post(RUN, content=body), 422) == [expected]


@pytest.mark.parametrize("body", [b"[1]", b'"text"', b"5", b"true"])
def test_json_that_is_no_object(untouched: Gateway, body: bytes) -> None:
    [found] = check_error(untouched.http.post(RUN, content=body), 422)
    assert (found["type"], found["loc"]) == ("model_attributes_type", ["body"])


@pytest.mark.case("C60")
@pytest.mark.parametrize(
    ("body", "position", "reason"),
    [
        (b"{", 1, "Expecting property name enclosed in double quotes"),
        (b'{"prompt": }', 11, "Expecting value"),
        (b"prompt=x", 0, "Expecting value"),
        (b'{"prompt": "x", "seed": NaN}', 0, None),
        (b'{"prompt": "x", "seed": 1e999}', 0, None),
        (b'{"prompt": "x", "seed": %b}' % (b"1" * 5000), 0, None),
        (b'{"prompt": "\\ud800"}', 0, None),
        (b'{"prompt": "\xff"}', 0, None),
        (b"[" * 200_000, 0, "Nested too deeply"),
        (b'{"prompt": "x", "deep": %b}' % (b"[" * 100 + b"]" * 100), 0, "Nested too deeply"),
    ],
)
@pytest.mark.parametrize("path", [RUN, QUEUE])
def test_what_is_not_json(untouched: Gateway, path: str, body: bytes, position: int, reason: str | None) -> None:
    [found] = check_error(untouched.http.post(path, content=body), 422)
    assert reason is None or found["ctx"] == {"error": reason}
    assert found["ctx"]["error"]
    del found["ctx"]
    expected = {"type": "json_invalid", "loc": ["body", position], "msg": "JSON decode error", "input": {}}
    assert found == expected


@pytest.mark.case("C60")
@pytest.mark.parametrize("path", [RUN, QUEUE])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_two_megabytes(untouched: Gateway, path: str, chunked: bool) -> None:
    body = json.dumps({"prompt": "x" * 2_000_000}).encode()
    pieces = (body[start : start + 65536] for start in range(0, len(body), 65536))
    answer = untouched.http.post(path, content=pieces if chunked else body)
    assert check_error(answer, 413) == "The request body is larger than 1048576 bytes"


def test_a_long_prompt_is_no_long_body(gateway: Gateway) -> None:
    assert gateway.post(RUN, WISH | {"prompt": "x" * 500_000}).status_code == 200


@pytest.mark.parametrize(
    ("width", "height", "fits"),
    [(3000, 3000, (2048, 2048)), (14142, 300, (14061, 298)), (2049, 2048, (2048, 2047)), (14142, 14142, (2048, 2048))],
)
def test_the_largest_size_offered_is_taken(untouched: Gateway, width: int, height: int, fits: tuple[int, int]) -> None:
    [found] = check_error(untouched.post(RUN, WISH | {"image_size": {"width": width, "height": height}}), 422)
    offered = found["ctx"]["max_width"], found["ctx"]["max_height"]
    assert offered == fits
    assert 4_194_304 * 0.99 < offered[0] * offered[1] <= 4_194_304


def test_a_preset_beyond_the_limit_is_named(tmp_path: Path) -> None:
    with Gateway(tmp_path, max_pixels=10_000) as small:
        [found] = check_error(small.post(RUN, {"prompt": "x"}), 422)
        assert found["input"] == "landscape_4_3"
        assert found["ctx"] == {"max_width": 115, "max_height": 86}
        [found] = check_error(small.post(RUN, {"prompt": "x", "image_size": {"width": 14142, "height": 1}}), 422)
        assert found["ctx"] == {"max_width": 10_000, "max_height": 1}


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", PATH, 405, "Method Not Allowed"),
        ("GET", RUN, 405, "Method Not Allowed"),
        ("GET", f"{QUEUE}/", 405, "Method Not Allowed"),
        ("POST", "/fal-ai/z-image/requests/x/cancel", 405, "Method Not Allowed"),
        ("DELETE", "/healthz", 405, "Method Not Allowed"),
        ("POST", "/fal-ai/flux/dev", 404, 'Application "flux" not found'),
        ("POST", "/queue/fal-ai/flux", 404, 'Application "flux" not found'),
        ("POST", "/fal-ai/z-image/turbo/lora", 404, "Path /turbo/lora not found"),
        ("POST", "/fal-ai/z-image/base", 404, "Path /base not found"),
        ("GET", "/x", 404, "Path /x not found"),
        ("GET", "/files", 404, "Path /files not found"),
        ("GET", "/files/a/b.png", 404, "File not found"),
        ("GET", "/fal-ai/z-image/requests/x", 404, "Request not found"),
        ("GET", "/fal-ai/z-image/requests/x/status", 404, "Request not found"),
        ("PUT", "/fal-ai/z-image/requests/x/cancel", 404, "Request not found"),
    ],
)
def test_whatever_is_not_there_says_so(untouched: Gateway, method: str, path: str, status: int, detail: str) -> None:
    assert check_error(untouched.http.request(method, path), status) == detail


def test_a_mistake_of_ours_is_json_too(paused: Gateway) -> None:
    (paused.settings.home / "keys.json").write_text("not json")
    answer = paused.post()
    assert check_error(answer, 500) == "Internal error"
    assert answer.json()["error_type"] == "internal_error"


def test_every_error_of_the_source_is_in_its_page() -> None:
    page = (ROOT / "docs/reference/errors.md").read_text()
    assert {name for name in error_types() if f"`{name}`" not in page} == set()


def error_types() -> Iterator[str]:
    """What the source passes as an ``error_type``, or as the ``type`` of an entry."""
    for path in (ROOT / "src/tintype").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Failure", "ServiceRefused"):
                yield from (each.value for each in node.args[2:3] if isinstance(each, ast.Constant))
            elif isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    is_type = isinstance(key, ast.Constant) and key.value == "type"
                    if (
                        is_type
                        and isinstance(value, ast.Constant)
                        and re.fullmatch(r"[a-z]+_[a-z_]+", str(value.value))
                    ):
                        yield str(value.value)
