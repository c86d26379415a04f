"""Every address that is handed out mirrors how its reader came in."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.gateway import PATH, QUEUE, RUN, WISH, Gateway
from tintype.api.surface import Surface, SurfaceMiddleware
from tintype.config import Settings
from tintype.errors import SetupError

FORWARDED = {
    "x-forwarded-proto": "https",
    "x-forwarded-host": "pictures.example, inner",
    "x-forwarded-prefix": "/art/",
}


@pytest.mark.case("C11")
def test_host_and_port_are_the_callers(gateway: Gateway) -> None:
    headers = {"host": "my.machine:1234"}
    submitted = gateway.post(QUEUE, headers=headers).json()
    assert submitted["cancel_url"].startswith("http://my.machine:1234/queue/fal-ai/z-image/requests/")
    output = gateway.post(RUN, headers=headers).json()
    assert output["images"][0]["url"].startswith("http://my.machine:1234/files/")


@pytest.mark.parametrize("host", ["[", "[::1", ":80", "a b["])
def test_what_is_no_host_is_not_repeated(gateway: Gateway, host: str) -> None:
    submitted = gateway.post(QUEUE, headers={"host": host}).raise_for_status().json()
    assert submitted["status_url"].startswith(f"{gateway.url}/queue/fal-ai/")
    assert gateway.http.get("/", headers={"host": host}).status_code == 200


@pytest.mark.case("C11")
def test_what_a_stranger_says_was_forwarded_is_not_believed(gateway: Gateway) -> None:
    submitted = gateway.post(QUEUE, headers=FORWARDED).json()
    assert submitted["status_url"].startswith(f"{gateway.url}/queue/fal-ai/")


@pytest.mark.case("C11")
def test_what_a_trusted_proxy_forwarded_is(tmp_path: Path) -> None:
    with Gateway(tmp_path, trusted_proxies="10.0.0.0/8, 127.0.0.1") as gateway:
        submitted = gateway.post(QUEUE, headers=FORWARDED).json()
        assert submitted["status_url"].startswith("https://pictures.example/art/queue/fal-ai/z-image/requests/")
        output = gateway.post(RUN, WISH, headers=FORWARDED).json()
        assert output["images"][0]["url"].startswith("https://pictures.example/art/files/")
        by_host = gateway.post(PATH, headers={"x-forwarded-host": "queue.pictures.example"}).json()
        assert by_host["status_url"].startswith("http://queue.pictures.example/fal-ai/z-image/requests/")


@pytest.mark.parametrize("proxies", ["nobody", "10.0.0.1/99", "127.0.0.1;10.0.0.1"])
def test_a_proxy_that_is_no_address_is_an_error(proxies: str) -> None:
    with pytest.raises(SetupError, match="trusted_proxies"):
        Settings.load(trusted_proxies=proxies)


L = "http://localhost"


@pytest.mark.case("C11")
@pytest.mark.parametrize(
    ("url", "surface", "path"),
    [
        ("https://localhost:8443/run/x", Surface(False, "https://localhost:8443", "https://localhost:8443/run"), "/x"),
        ("http://h/queue/x/", Surface(True, "http://h", "http://h/queue"), "/x"),
        ("http://queue.h:1/x", Surface(True, "http://queue.h:1", "http://queue.h:1"), "/x"),
        ("http://QUEUE.h/x", Surface(True, "http://queue.h", "http://queue.h"), "/x"),
        ("http://queue.h/run", Surface(False, "http://queue.h", "http://queue.h/run"), "/"),
        ("http://[::1]:80/runner/", Surface(False, "http://[::1]", "http://[::1]"), "/runner"),
        ("http://h/", Surface(False, "http://h", "http://h"), "/"),
        # the queue's own ports
        ("http://h:8001/x", Surface(True, "http://h:8001", "http://h:8001"), "/x"),
        ("https://h:8444/x", Surface(True, "https://h:8444", "https://h:8444"), "/x"),
        ("http://h:8001/run/x", Surface(False, "http://h:8001", "http://h:8001/run"), "/x"),
        ("http://h:8001/rest/x", Surface(False, "http://h:8001", "http://h:8001/rest"), "/x"),
        # prefixes for fal's other hosts
        ("http://queue.h/rest/tokens/", Surface(False, "http://queue.h", "http://queue.h/rest"), "/tokens"),
        ("http://localhost/cdn/files/upload", Surface(False, L, f"{L}/cdn"), "/files/upload"),
        ("http://localhost/ws/fal-ai/x", Surface(False, L, f"{L}/ws"), "/fal-ai/x"),
        ("http://localhost/platform/v1/models", Surface(False, L, f"{L}/platform"), "/v1/models"),
        ("http://localhost/queue/run/x", Surface(True, L, f"{L}/queue"), "/run/x"),
        # fal's names
        ("https://queue.fal.run/x", Surface(True, "https://queue.fal.run", "https://queue.fal.run"), "/x"),
        ("https://api.fal.ai/v1/keys", Surface(False, "https://api.fal.ai", "https://api.fal.ai"), "/v1/keys"),
        # WebSockets; what is fetched afterwards is fetched by HTTP
        ("ws://h/ws/x", Surface(False, "http://h", "http://h/ws"), "/x"),
        ("wss://h:8443/run/x/realtime", Surface(False, "https://h:8443", "https://h:8443/run"), "/x/realtime"),
    ],
)
def test_a_surface_from_an_address(url: str, surface: Surface, path: str) -> None:
    assert seen_at(url) == (surface, path)


def test_the_port_is_the_sockets_not_the_one_that_the_host_header_names() -> None:
    surface, _ = seen_at("http://h:8000/x", host="h:8001")
    assert surface == Surface(False, "http://h:8001", "http://h:8001")
    surface, _ = seen_at("http://h:8001/x", host="h")
    assert surface == Surface(True, "http://h", "http://h")


def test_what_a_proxy_forwards_for_a_websocket_is_fetched_by_http_too() -> None:
    surface, _ = seen_at("ws://h/x", trusted_proxies="127.0.0.1", **{"x-forwarded-proto": "wss"})
    assert surface.root == "https://h"


def seen_at(url: str, trusted_proxies: str = "", **headers: str) -> tuple[Surface, str]:
    """What the application is told when ``url`` is opened."""
    seen: list[tuple[Surface, str]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["state"]["surface"], scope["path"]))

    async def nothing(*_: Any) -> Any: ...

    opened = httpx.URL(url)
    sent = {"host": opened.netloc.decode()} | headers
    port = opened.port or (443 if opened.scheme in ("https", "wss") else 80)
    scope = {
        "type": "websocket" if opened.scheme.startswith("ws") else "http",
        "scheme": opened.scheme,
        "path": opened.path,
        "server": ("127.0.0.1", port),
        "client": ("127.0.0.1", 50_000),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }
    middleware = SurfaceMiddleware(app, trusted_proxies=trusted_proxies, queue_ports=(8001, 8444, 0))
    asyncio.run(middleware(scope, nothing, nothing))
    [only] = seen
    return only
