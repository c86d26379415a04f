"""A server without keys answers whoever reaches it, but not the web pages that its user happens to look at."""

import pytest

from tests.api.envelope import check_error
from tests.api.gateway import QUEUE, WISH, Gateway

HISTORY = "/v1/models/requests/by-endpoint?endpoint_id=fal-ai/z-image/turbo&expand=payloads"
HOOK = {"fal_webhook": "http://127.0.0.1:9/hook"}


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example:8000"},  # its name was led here after the page was loaded: no Origin on a GET
        {"host": "evil.example:8000", "origin": "http://evil.example:8000"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_pages_from_elsewhere_read_no_history(gateway: Gateway, headers: dict[str, str]) -> None:
    answer = gateway.http.get(HISTORY, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"]["type"] == "authorization_error"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "localhost:8000"},
        {"host": "[::1]:8000"},
        {"host": "api.fal.ai"},
        {"origin": "http://localhost:3000"},
    ],
)
def test_whoever_is_on_this_machine_reads_it(gateway: Gateway, headers: dict[str, str]) -> None:
    assert gateway.http.get(HISTORY, headers=headers).status_code == 200


def test_pages_from_elsewhere_name_no_webhook(gateway: Gateway) -> None:
    refused = gateway.http.post(QUEUE, json=WISH, params=HOOK, headers={"origin": "https://evil.example"})
    assert "not for web pages from elsewhere" in check_error(refused, 403)
    gateway.http.post(QUEUE, json=WISH, params=HOOK, headers={"origin": "http://localhost:3000"}).raise_for_status()


def test_pages_from_elsewhere_may_paint(gateway: Gateway) -> None:
    answer = gateway.http.post(QUEUE, json=WISH, headers={"origin": "https://app.example"})
    assert answer.raise_for_status().headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(("prompt", "status"), [(r"a\u0000b", 422), (r"a\\u0000b", 200), (r"a\\\u0000b", 422)])
def test_text_that_cannot_be_stored_is_refused(gateway: Gateway, prompt: str, status: int) -> None:
    body = '{"image_size": {"width": 32, "height": 32}, "prompt": "' + prompt + '"}'
    answer = gateway.http.post(QUEUE, content=body)
    assert answer.status_code == status
    if status == 422:
        assert check_error(answer, 422)[0]["type"] == "json_invalid"
