"""Every address that is handed out mirrors how its reader came in."""

import asyncio
from pathlib import Path

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


@pytest.mark.parametrize(
    ("url", "surface", "path"),
    [
        ("https://localhost:8443/run/x", Surface(False, "https://localhost:8443", "https://localhost:8443/run"), "/x"),
        ("http://h/queue/x/", Surface(True, "http://h", "http://h/queue"), "/x"),
        ("http://queue.h:1/x", Surface(True, "http://queue.h:1", "http://queue.h:1"), "/x"),
        ("http://queue.h/run", Surface(False, "http://queue.h", "http://queue.h/run"), "/"),
        ("http://[::1]:80/runner/", Surface(False, "http://[::1]", "http://[::1]"), "/runner"),
        ("http://h/", Surface(False, "http://h", "http://h"), "/"),
    ],
)
def test_a_surface_from_an_address(url: str, surface: Surface, path: str) -> None:
    seen = []

    async def app(scope, receive, send) -> None:
        seen.append((scope["state"]["surface"], scope["path"]))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def ask() -> None:
        transport = httpx.ASGITransport(SurfaceMiddleware(app, trusted_proxies=""))
        async with httpx.AsyncClient(transport=transport) as client:
            await client.get(url)

    asyncio.run(ask())
    assert seen == [(surface, path)]
