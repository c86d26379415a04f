import asyncio
from pathlib import Path

import httpx
import pytest

from tests.api.envelope import check_error
from tests.api.gateway import RUN, WISH, Gateway
from tintype.errors import SetupError
from tintype.files import FileStore, preview_key


@pytest.fixture(scope="module")
def url(gateway: Gateway) -> str:
    return gateway.post(RUN, WISH).json()["images"][0]["url"]


def test_a_picture_is_public_and_never_changes(gateway: Gateway, url: str) -> None:
    answer = httpx.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["etag"].startswith('"')
    assert httpx.get(url).headers["etag"] == answer.headers["etag"]


def test_head_tells_the_same_without_the_picture(url: str) -> None:
    whole, head = httpx.get(url), httpx.head(url)
    assert head.status_code == 200
    assert head.content == b""
    for name in ("content-type", "content-length", "etag"):
        assert head.headers[name] == whole.headers[name]


def test_a_part_of_a_picture(url: str) -> None:
    answer = httpx.get(url, headers={"range": "bytes=1-3"})
    assert answer.status_code == 206
    assert answer.content == b"PNG"


@pytest.mark.parametrize(
    "key",
    ["", "x", "x.png", "no/such/0.png", "../keys.json", "..%2fkeys.json", "a/..%2f..%2ftintype.db", "%00/0.png",
     "inline/x/1/0.png", "%2fetc/passwd", "a//b.png", "./inline/x/1/0.png", "a" * 5000 + "/0.png"],
)  # fmt: skip
def test_nothing_else_is_served(gateway: Gateway, key: str) -> None:
    check_error(gateway.http.get(f"/files/{key}"), 404)


@pytest.mark.parametrize("spelling", ["inline/{}", "x/../inline/{}", "x/..%2finline/{}", "%2e/inline/{}", "INLINE/{}"])
def test_an_inline_picture_is_served_under_no_name(gateway: Gateway, spelling: str) -> None:
    job_id = gateway.post(RUN, WISH | {"sync_mode": True}).headers["x-fal-request-id"]
    check_error(gateway.http.get(f"/files/{spelling.format(f'{job_id}/1/0.png')}"), 404)


@pytest.mark.parametrize("spelling", ["{}", "x/../{}", "x/..%2f{}", "%2e/{}", "/{}"])
def test_a_preview_is_served_under_no_name(gateway: Gateway, spelling: str) -> None:
    key = preview_key("somebody", 1, 0, 1)
    gateway.do(gateway.files.put(key, b"secret", durable=False))
    check_error(gateway.http.get(f"/files/{spelling.format(key)}"), 404)


def test_pictures_in_an_object_store_are_served_too(tmp_path: Path) -> None:
    with Gateway(tmp_path, files="memory:///") as gateway:
        url = gateway.post(RUN, WISH).json()["images"][0]["url"]
        answer = gateway.http.get(url)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/png"
        head = gateway.http.head(url)
        assert head.content == b""
        assert head.headers["content-length"] == str(len(answer.content))
        check_error(gateway.http.get(url.replace("0.png", "1.png")), 404)


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_a_store_keeps_gives_and_forgets(tmp_path: Path, kind: str) -> None:
    async def story() -> None:
        files = FileStore(str(tmp_path / "files") if kind == "folder" else "memory:///")
        await files.put("job/1/0.png", b"first")
        await files.put("job/1/0.png", b"second")
        await files.put("job2/1/0.png", b"other", durable=False)
        assert await files.keys("job/") == ["job/1/0.png"]
        assert await files.keys("never") == []
        assert await files.get("job/1/0.png") == b"second"
        assert await files.get("job/1/1.png") is None
        if kind == "folder":
            assert files.path("job/1/0.png") == tmp_path / "files/job/1/0.png"
            for elsewhere in ("../x", "\0", "x" * 5000, "job"):
                assert files.path(elsewhere) is None
        await files.delete_prefix("job")
        await files.delete_prefix("never")
        assert not (tmp_path / "files/job").exists()
        assert await files.get("job/1/0.png") is None
        assert await files.get("job2/1/0.png") == b"other"

    asyncio.run(story())


def test_a_place_that_cannot_be_is_the_operators_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for location in (str(tmp_path / "file/folder"), "nosuch://bucket"):
        with pytest.raises(SetupError, match="cannot be kept"):
            FileStore(location)
