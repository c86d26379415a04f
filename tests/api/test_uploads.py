"""Whole files, sent by hand as fal's clients send them."""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.api.envelope import check_error
from tests.api.gateway import Gateway
from tests.api.uploading import initiate, post
from tintype.keys import Keys

TOKEN = "/storage/auth/token?storage_type=fal-cdn-v3"
INITIATE = "/storage/upload/initiate?storage_type=gcs"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with a key, which ``locked.http`` sends."""
    home = tmp_path_factory.mktemp("home")
    key = Keys(home).create("first")
    with Gateway(home) as gateway:
        gateway.http.headers["authorization"] = f"Key {key}"
        yield gateway


def test_a_python_client_asks_for_a_token_and_posts_the_file(locked: Gateway) -> None:
    said = locked.http.post(TOKEN, json={}).json()
    assert set(said) == {"token", "token_type", "base_url", "expires_at"}
    assert said["base_url"] == locked.url
    assert said["expires_at"].endswith("+00:00")
    assert 3500 < (datetime.fromisoformat(said["expires_at"]) - datetime.now(UTC)).total_seconds() <= 3600
    headers = {"authorization": f"{said['token_type']} {said['token']}", "x-fal-file-name": "note.txt"}
    answer = httpx.post(f"{said['base_url']}/files/upload", content=b"hello", headers=headers)
    assert set(answer.json()) == {"access_url"}
    url = answer.json()["access_url"]
    assert re.fullmatch(rf"{locked.url}/files/uploads/[\w-]{{22}}/note\.txt", url)
    assert httpx.get(url).content == b"hello"


def test_an_older_client_posts_with_its_key(locked: Gateway) -> None:
    assert httpx.get(post(locked, b"hello")).content == b"hello"


def test_a_javascript_client_asks_for_an_address_and_puts_the_file_there_without_a_key(locked: Gateway) -> None:
    given = initiate(locked)
    assert set(given) == {"upload_url", "file_url"}
    check_error(httpx.get(given["file_url"]), 404)
    put = httpx.put(given["upload_url"], content=b"hello", headers={"content-type": "text/plain"})
    assert put.status_code == 200
    assert put.headers["content-type"] == "application/json"
    assert put.headers["access-control-allow-origin"] == "*"
    assert httpx.get(given["file_url"]).content == b"hello"


@pytest.mark.case("C69")
def test_an_address_needs_its_signature(gateway: Gateway) -> None:
    given, other = initiate(gateway), initiate(gateway)
    signed = given["upload_url"].partition("?")[2]
    for url in (
        given["file_url"],
        f"{given['file_url']}?sig=",
        f"{given['file_url']}?sig=9999999999.x.y",
        given["upload_url"][:-1],
        f"{other['file_url']}?{signed}",
        f"{given['file_url']}/1",
        f"{given['file_url']}/multipart/x/1",
    ):
        assert "signed" in check_error(httpx.put(url, content=b"stranger"), 403)
    for url in (f"{given['file_url']}/complete", f"{given['file_url']}/multipart/x/complete"):
        check_error(httpx.post(url, json={"parts": []}), 403)
    check_error(httpx.get(given["file_url"]), 404)
    assert httpx.put(given["upload_url"], content=b"mine").status_code == 200
    assert "cannot be replaced" in check_error(httpx.put(given["upload_url"], content=b"other"), 400)
    assert httpx.get(given["file_url"]).content == b"mine"


@pytest.mark.parametrize("path", [TOKEN, INITIATE, INITIATE.replace("initiate", "initiate-multipart"), "/files/upload",
                                  "/files/upload/multipart"])  # fmt: skip
def test_nobody_else_may_send_files(locked: Gateway, path: str) -> None:
    assert check_error(httpx.post(f"{locked.url}{path}"), 401) == "Authorization header is required"
    for authorization in ("Key x:y", "Bearer x", "Bearer 9999999999.x.y"):
        answer = httpx.post(f"{locked.url}{path}", headers={"authorization": authorization})
        assert check_error(answer, 401) == "invalid key credentials"


def test_a_token_is_for_files_and_ends_with_its_key(locked: Gateway) -> None:
    key = locked.keys.create("short-lived")
    token = locked.http.post(TOKEN, headers={"authorization": f"Key {key}"}).json()["token"]
    headers = {"authorization": f"Bearer {token}"}
    assert httpx.post(f"{locked.url}/files/upload", content=b"x", headers=headers).status_code == 200
    check_error(locked.post(headers=headers), 401)
    check_error(locked.http.post(TOKEN, headers=headers), 401)
    locked.keys.revoke(key.partition(":")[0])
    check_error(httpx.post(f"{locked.url}/files/upload", content=b"x", headers=headers), 401)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("photo.JPG", "photo.JPG"), ("a b/../c.tar.gz", "a_b_c_tar.gz"), ("no-ending", "no-ending.bin"), ("", "file.bin"),
     ("été.png", "t.png"), (".env", "file.env"), ("x.toolongending", "x_toolongending.bin"),
     ("n" * 300, "n" * 64 + ".bin")],
)  # fmt: skip
def test_what_can_be_kept_of_a_name_is(gateway: Gateway, given: str, kept: str) -> None:
    answer = gateway.http.post(INITIATE, json={"file_name": given, "content_type": "image/png"}).json()
    assert answer["file_url"].rpartition("/")[2] == kept
    assert httpx.put(answer["upload_url"], content=b"x").status_code == 200
    assert httpx.get(answer["file_url"]).headers["content-type"] == "image/png"


def test_an_uploaded_page_cannot_act_in_our_name(gateway: Gateway) -> None:
    answer = httpx.get(post(gateway, b"<script>", "a.html", "text/html; charset=utf-8"))
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_file_without_a_type_is_bytes(gateway: Gateway) -> None:
    url = gateway.http.post("/files/upload", content=b"\0").json()["access_url"]
    assert httpx.get(url).headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("kind", ["png", "text/plain\x7f", "a/b c", "x/" + "y" * 200])
def test_a_type_that_is_none_is_refused(gateway: Gateway, kind: str) -> None:
    answer = gateway.http.post(INITIATE, json={"file_name": "a.png", "content_type": kind})
    assert "content_type" in check_error(answer, 400)


@pytest.mark.parametrize("body", [[], "x", 1, {"file_name": 1}, {"content_type": ["x"]}])
def test_a_description_that_is_none_is_refused(gateway: Gateway, body: object) -> None:
    check_error(gateway.http.post(INITIATE, json=body), 400)


def test_an_empty_file_is_a_file(gateway: Gateway) -> None:
    answer = httpx.get(post(gateway, b""))
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")


@pytest.mark.parametrize("declared", [True, False])
def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(tmp_path: Path, declared: bool) -> None:
    with Gateway(tmp_path, max_upload_bytes=100_000) as gateway:
        body = bytes(100_001)
        for _ in range(2):
            sent = gateway.http.post(
                "/files/upload", content=body if declared else iter([body[:70_000], body[70_000:]])
            )
            assert "100000" in check_error(sent, 413)
        assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []
        assert gateway.http.post("/files/upload", content=body[1:]).status_code == 200


@pytest.mark.case("C69")
def test_an_upload_with_a_lifetime_is_gone_after_it(gateway: Gateway) -> None:
    lifecycle = json.dumps({"expiration_duration_seconds": 1})
    urls = [
        post(gateway, b"short", **{"x-fal-object-lifecycle": lifecycle}),
        post(gateway, b"short", **{"x-fal-object-lifecycle-preference": lifecycle}),
    ]
    late = initiate(gateway, **{"x-fal-object-lifecycle": lifecycle})
    for url in urls:
        answer = httpx.get(url)
        assert answer.content == b"short"
        assert int(re.search(r"max-age=(\d+)", answer.headers["cache-control"])[1]) <= 2  # pyright: ignore
    time.sleep(2)
    for url in urls:
        check_error(httpx.get(url), 404)
    check_error(httpx.put(late["upload_url"], content=b"too late"), 404)


@pytest.mark.parametrize(
    "never",
    ["{}", '{"expiration_duration_seconds": null}', '{"expiration_duration_seconds": 0}',
     '{"initial_acl": {"default": "allow", "rules": [{"user": "x", "decision": "allow"}]}}'],
)  # fmt: skip
def test_without_a_lifetime_it_stays(gateway: Gateway, never: str) -> None:
    assert "/files/uploads/" in post(gateway, b"x", **{"x-fal-object-lifecycle": never})


def test_the_longest_lifetime_is_a_century(gateway: Gateway) -> None:
    url = post(gateway, b"x", **{"x-fal-object-lifecycle": '{"expiration_duration_seconds": 1e300}'})
    assert httpx.get(url).content == b"x"


@pytest.mark.parametrize(
    "acl", [{"default": "forbid"}, {"default": "hide"}, {"rules": [{"user": "x", "decision": "forbid"}]}]
)
def test_a_file_that_should_not_be_open_is_not_taken(gateway: Gateway, acl: object) -> None:
    headers = {"x-fal-object-lifecycle": json.dumps({"initial_acl": acl})}
    answer = gateway.http.post("/files/upload", content=b"secret", headers=headers)
    assert "initial_acl" in check_error(answer, 501)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[]",
        '{"expiration_duration_seconds": -1}',
        '{"initial_acl": 1}',
        '{"initial_acl": {"rules": [1]}}',
        '{"expiration_duration_seconds": 1%s}' % ("0" * 400),
        "[" * 10_000,
    ],
)
def test_a_lifetime_that_is_none_is_refused(gateway: Gateway, text: str) -> None:
    headers = {"x-fal-object-lifecycle": text}
    check_error(gateway.http.post("/files/upload", content=b"x", headers=headers), 400)


def test_uploads_lie_in_an_object_store_too(tmp_path: Path) -> None:
    with Gateway(tmp_path, files="memory:///") as gateway:
        data = bytes(range(256)) * 10_000
        url = post(gateway, data, kind="image/png")
        assert httpx.get(url).content == data
        part = httpx.get(url, headers={"range": "bytes=1000000-1000003"})
        assert (part.status_code, part.content) == (206, data[1_000_000:1_000_004])
