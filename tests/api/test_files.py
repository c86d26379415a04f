import asyncio
import time
from collections.abc import AsyncIterator
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


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=1-3", 1, 3), ("bytes=1-", 1, -1), ("bytes=-5", -5, -1), ("bytes=0-0", 0, 0), ("bytes=4-999999", 4, -1),
     ("bytes=-999999", 0, -1)],
)  # fmt: skip
def test_a_part_of_a_picture(url: str, asked: str, first: int, last: int) -> None:
    whole = httpx.get(url).content
    answer = httpx.get(url, headers={"range": asked})
    start, stop = first % len(whole), last % len(whole) + 1
    assert answer.status_code == 206
    assert answer.content == whole[start:stop]
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(whole)}"


@pytest.mark.parametrize(
    "asked", ["", "x", "bytes=-", "bytes=x-y", "bytes=3-1", "bytes=0-1,3-4", "lines=1-2", f"bytes={'9' * 5000}-"]
)
def test_a_part_that_cannot_be_understood_is_all_of_it(url: str, asked: str) -> None:
    answer = httpx.get(url, headers={"range": asked})
    assert answer.status_code == 200
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=999999-1000000", "bytes=-0"])
def test_a_part_that_is_not_there(url: str, asked: str) -> None:
    size = len(httpx.get(url).content)
    answer = httpx.get(url, headers={"range": asked})
    check_error(answer, 416)
    assert answer.headers["content-range"] == f"bytes */{size}"


def test_what_has_not_changed_is_not_sent_again(url: str) -> None:
    etag = httpx.get(url).headers["etag"]
    for header in (etag, f'"x", W/{etag}', "*"):
        answer = httpx.get(url, headers={"if-none-match": header})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
    assert httpx.get(url, headers={"if-none-match": '"x"'}).status_code == 200
    for header, status in ((etag, 206), ('"x"', 200)):
        assert httpx.get(url, headers={"range": "bytes=0-0", "if-range": header}).status_code == status


@pytest.mark.case("C69")
@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_pictures_with_a_lifetime_are_gone_after_it(tmp_path: Path, kind: str) -> None:
    lifecycle = {"x-fal-object-lifecycle-preference": '{"expiration_duration_seconds": 1}'}
    with Gateway(tmp_path, files="memory:///" if kind == "memory" else "") as gateway:
        first = gateway.post(RUN, WISH | {"num_images": 2}, headers=lifecycle).json()["images"]
        second = gateway.post(RUN, WISH).json()["images"]
        for image in first + second:
            answer = gateway.http.get(image["url"])
            assert answer.status_code == 200
            assert len(answer.content) == image["file_size"]
        time.sleep(2)
        for image in first:
            for method in ("GET", "HEAD"):
                assert gateway.http.request(method, image["url"]).status_code == 404
        assert gateway.http.get(second[0]["url"]).status_code == 200


@pytest.mark.parametrize("key", ["until/1/x/1/0.png", "until/x/1/0.png", f"until/{'9' * 64}/x/1/0.png"])
def test_an_end_is_no_way_in(gateway: Gateway, key: str) -> None:
    check_error(gateway.http.get(f"/files/{key}"), 404)


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
        assert gateway.http.get(url, headers={"range": "bytes=1-3"}).content == b"PNG"
        assert gateway.http.get(url, headers={"if-none-match": answer.headers["etag"]}).status_code == 304
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
        stored = await files.head("job/1/0.png")
        assert stored is not None
        assert stored.size == 6
        assert await files.below("job/") == {"1/0.png": stored}
        for elsewhere in ("../x", "job/../x", "job", "never"):
            assert await files.head(elsewhere) is None
        await files.delete_prefix("job")
        await files.delete_prefix("never")
        assert not (tmp_path / "files/job").exists()
        assert await files.get("job/1/0.png") is None
        assert await files.get("job2/1/0.png") == b"other"

    asyncio.run(story())


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_a_stream_is_stored_whole_or_not_at_all(tmp_path: Path, kind: str) -> None:
    data = bytes(range(256)) * 20_000

    async def chunks(end: int) -> AsyncIterator[bytes]:
        for start in range(0, end, 70_000):
            yield data[start : min(start + 70_000, end)]
        if end < len(data):
            raise ConnectionError("the sender left")

    async def story() -> None:
        files = FileStore(str(tmp_path / "files") if kind == "folder" else "memory:///")
        with pytest.raises(ConnectionError):
            await files.put_stream("uploads/x/a.bin", chunks(3_000_000))
        assert await files.head("uploads/x/a.bin") is None
        stored = await files.put_stream("uploads/x/a.bin", chunks(len(data)))
        assert stored == await files.head("uploads/x/a.bin")
        assert stored.size == len(data)
        assert b"".join([chunk async for chunk in files.read("uploads/x/a.bin", 5, len(data))]) == data[5:]
        assert await files.below("spool/") == {}
        await files.delete("uploads/x/a.bin")
        await files.delete("uploads/x/a.bin")
        assert await files.head("uploads/x/a.bin") is None

    asyncio.run(story())


def test_a_place_that_cannot_be_is_the_operators_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for location in (str(tmp_path / "file/folder"), "nosuch://bucket"):
        with pytest.raises(SetupError, match="cannot be kept"):
            FileStore(location)
