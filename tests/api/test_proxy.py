"""fal's proxy protocol, as fal's JavaScript client speaks it."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.envelope import check_error
from tests.api.gateway import PATH, WISH, Gateway
from tintype.api.surface import SurfaceMiddleware
from tintype.keys import Keys

PROXY = "/api/fal/proxy"
REQUESTS = "/fal-ai/z-image/requests"


def ask(gateway: Gateway, method: str, target: str, **options: Any) -> httpx.Response:
    headers = {"x-fal-target-url": target, "content-type": "application/json", **options.pop("headers", {})}
    return httpx.request(method, f"{gateway.url}{PROXY}", headers=headers, timeout=20, **options)


def test_run(gateway: Gateway) -> None:
    output = ask(gateway, "POST", f"https://fal.run{PATH}", json=WISH)
    assert output.json()["seed"] == WISH["seed"]
    assert output.json()["images"][0]["url"].startswith(f"{gateway.url}/files/")
    assert output.headers["x-fal-request-id"]


@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
def test_the_queue(gateway: Gateway, path: str) -> None:
    submitted = ask(gateway, "POST", f"https://queue.fal.run{path}", json=WISH).json()
    job = f"{REQUESTS}/{submitted['request_id']}"
    assert submitted["response_url"] == f"{gateway.url}/queue{job}", "reachable by whoever reached the proxy"
    gateway.completed(submitted)
    status = ask(gateway, "GET", f"https://queue.fal.run{job}/status?logs=1").json()
    assert status["status"] == "COMPLETED"
    assert status["logs"], "the query belongs to the target"
    assert ask(gateway, "GET", f"https://queue.fal.run:443{job}").json()["seed"] == WISH["seed"]
    cancelled = ask(gateway, "PUT", f"https://queue.fal.run{job}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (400, "ALREADY_COMPLETED")


def test_errors_are_those_of_the_host_that_is_meant(gateway: Gateway) -> None:
    refused = ask(gateway, "POST", f"https://fal.run{PATH}", json=WISH | {"num_images": 5})
    assert check_error(refused, 422)[0]["loc"] == ["body", "num_images"]
    assert ask(gateway, "GET", f"https://queue.fal.run{REQUESTS}/x/status").json()["status"] == "NOT_FOUND"


@pytest.mark.parametrize("path", [f"/queue{PATH}", f"/run{PATH}", PROXY])
def test_a_host_of_fals_knows_none_of_our_prefixes(gateway: Gateway, path: str) -> None:
    assert ask(gateway, "POST", f"https://fal.run{path}", json=WISH).status_code == 404


FOREIGN = [
    "https://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/",
    "http://fal.run/",
    "https://fal.run:{port}/",
    "https://fal.run@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/#https://fal.run/",
    "https://fal.run.example/",
    "https://evil.fal.run/",
    "//fal.run/",
    "/fal-ai/z-image/turbo",
    "https://[::1",
    "https://fal.run:port/",
    "fal.run",
]


@pytest.mark.case("C61")
@pytest.mark.parametrize("target", FOREIGN)
def test_another_host_is_refused_and_not_connected_to(gateway: Gateway, target: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        named = target.format(port=elsewhere.getsockname()[1])
        assert "queue.fal.run" in check_error(ask(gateway, "POST", named, json=WISH), 412)
        elsewhere.setblocking(False)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()


def test_the_header_must_be_there(gateway: Gateway) -> None:
    assert "x-fal-target-url" in check_error(httpx.get(f"{gateway.url}{PROXY}"), 400)


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "HEAD"])
def test_only_three_methods(gateway: Gateway, method: str) -> None:
    refused = ask(gateway, method, f"https://fal.run{PATH}")
    assert refused.status_code == 405
    assert refused.headers["allow"] == "GET, POST, PUT"
    assert refused.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_must_be_json(gateway: Gateway, content_type: str) -> None:
    refused = ask(
        gateway, "POST", f"https://fal.run{PATH}", content=b'{"prompt": "x"}', headers={"content-type": content_type}
    )
    assert "application/json" in check_error(refused, 415)


@pytest.mark.parametrize("path", ["/run", "/queue"])
def test_the_proxy_lives_at_one_path(gateway: Gateway, path: str) -> None:
    answer = httpx.post(f"{gateway.url}{path}{PROXY}", headers={"x-fal-target-url": "https://fal.run/"}, json=WISH)
    assert answer.status_code == 404


@pytest.mark.case("C61")
def test_elsewhere_the_header_means_nothing(gateway: Gateway) -> None:
    headers = {"x-fal-target-url": "https://example.com/"}
    assert gateway.post(headers=headers).json()["seed"] == WISH["seed"]


@pytest.mark.case("C57")
def test_a_browser_may_send_what_the_client_does(gateway: Gateway) -> None:
    asked = "authorization,content-type,x-fal-queue-priority,x-fal-target-url"
    headers = {
        "origin": "http://page.example",
        "access-control-request-method": "PUT",
        "access-control-request-headers": asked,
    }
    answer = httpx.options(f"{gateway.url}{PROXY}", headers=headers)
    assert answer.status_code == 204
    allowed = answer.headers["access-control-allow-headers"].replace(" ", "").split(",")
    assert set(asked.split(",")) <= set(allowed)
    assert "PUT" in answer.headers["access-control-allow-methods"]


def test_what_is_handed_out_keeps_the_root_that_a_trusted_proxy_tells(tmp_path: Path) -> None:
    forwarded = {"x-forwarded-proto": "https", "x-forwarded-host": "pictures.example", "x-forwarded-prefix": "/art"}
    with Gateway(tmp_path, trusted_proxies="127.0.0.1") as gateway:
        submitted = ask(gateway, "POST", f"https://queue.fal.run{PATH}", json=WISH, headers=forwarded).json()
        assert submitted["status_url"].startswith("https://pictures.example/art/queue/fal-ai/z-image/requests/")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A server with a key, whose operator opened the proxy path to all; ``opened.key``."""
    home = tmp_path_factory.mktemp("home")
    key = Keys(home).create("first")
    with Gateway(home, proxy_without_key=True) as gateway:
        gateway.http.headers["authorization"] = f"Key {key}"
        yield gateway


def test_without_a_key_only_where_the_operator_opened_it(opened: Gateway, tmp_path: Path) -> None:
    target = f"https://queue.fal.run{PATH}"
    submitted = ask(opened, "POST", target, json=WISH).json()
    job = opened.do(opened.store.get(submitted["request_id"]))
    assert job is not None
    assert job.account == "proxy"
    check_error(httpx.post(f"{opened.url}{PATH}", json=WISH), 401)
    for wrong in ("Key x:y", "nonsense"):
        check_error(ask(opened, "POST", target, json=WISH, headers={"authorization": wrong}), 401)
    Keys(tmp_path).create("first")
    with Gateway(tmp_path) as closed:
        check_error(ask(closed, "POST", target, json=WISH), 401)


def test_with_a_key_it_is_that_keys_request(opened: Gateway) -> None:
    headers = {"authorization": opened.http.headers["authorization"]}
    submitted = ask(opened, "POST", f"https://queue.fal.run{PATH}", json=WISH, headers=headers).json()
    job = f"https://queue.fal.run{REQUESTS}/{submitted['request_id']}/status"
    assert ask(opened, "GET", job, headers=headers).status_code in (200, 202)
    assert ask(opened, "GET", job).status_code == 404, "another account's"


def test_without_any_keys_everyone_is_the_same(tmp_path: Path) -> None:
    with Gateway(tmp_path, proxy_without_key=True) as gateway:
        submitted = ask(gateway, "POST", f"https://queue.fal.run{PATH}", json=WISH).json()
        assert gateway.http.get(submitted["status_url"]).status_code in (200, 202)


def test_an_answer_is_passed_on_as_it_comes() -> None:
    """The application's own receive and send are used, so a stream streams."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend((scope["path"], receive, send))

    async def receive() -> Any: ...
    async def send(message: Any) -> None: ...

    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": PROXY,
        "query_string": b"",
        "server": ("h", 80),
        "client": None,
        "headers": [(b"x-fal-target-url", b"https://queue.fal.run/a%20b/status/stream?logs=1")],
    }
    asyncio.run(SurfaceMiddleware(app, trusted_proxies="")(scope, receive, send))
    assert seen == ["/a b/status/stream", receive, send]


def test_who_needs_no_key_names_no_webhook(tmp_path: Path) -> None:
    Keys(tmp_path).create("first")
    with Gateway(tmp_path, proxy_without_key=True) as gateway:
        target = f"https://queue.fal.run{PATH}?fal_webhook=http://127.0.0.1:9/hook"
        assert "nor on the proxy path" in check_error(ask(gateway, "POST", target, json=WISH), 403)
