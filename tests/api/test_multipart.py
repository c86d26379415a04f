"""Files in parts, sent by hand as fal's clients send them."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.envelope import check_error
from tests.api.gateway import Gateway
from tests.api.uploading import JavaScript, Python

PARTS = {n: bytes([n]) * (n * 1000) for n in range(1, 12)}
WHOLE = b"".join(PARTS.values())

both = pytest.mark.parametrize("client", [Python, JavaScript])


@both
def test_parts_at_once_and_out_of_order_become_one_file(gateway: Gateway, client: type[Python]) -> None:
    upload = client(gateway)
    check_error(httpx.get(upload.url), 404)
    order = random.Random(1).sample(sorted(PARTS), len(PARTS))
    with ThreadPoolExecutor(10) as pool:
        etags = list(pool.map(lambda n: (n, upload.etag(n, PARTS[n])), order))
    check_error(httpx.get(upload.url), 404)
    assert upload.complete(*etags).status_code == 200
    assert httpx.get(upload.url).content == WHOLE
    # an answer may get lost, and the clients then ask again
    assert upload.complete(*etags).status_code == 200
    assert httpx.get(upload.url).content == WHOLE
    check_error(upload.put(1, b"other"), 400)


def test_both_clients_find_the_etag_where_they_look(gateway: Gateway) -> None:
    answer = JavaScript(gateway).put(1, b"x")
    assert answer.json() == {"partNumber": 1, "etag": answer.headers["etag"]}
    assert answer.headers["etag"].startswith('"')
    assert "etag" in answer.headers["access-control-expose-headers"]


def test_a_part_that_is_sent_again_replaces_the_first(gateway: Gateway) -> None:
    upload = Python(gateway)
    first, second = upload.etag(1, b"first"), upload.etag(1, b"second")
    assert "ETags differ from what was sent: 1" in check_error(upload.complete((1, first)), 400)
    assert upload.complete((1, second.strip('"'))).status_code == 200
    answer = httpx.get(upload.url)
    assert answer.content == b"second"
    assert answer.headers["content-type"] == "video/mp4"


def test_a_part_that_is_missing_is_named(gateway: Gateway) -> None:
    upload = Python(gateway)
    one, three = upload.etag(1, b"one"), upload.etag(3, b"three")
    assert "missing: 2" in check_error(upload.complete((1, one), (3, three)), 400)
    assert "missing: 2" in check_error(upload.complete((1, one), (2, one), (3, three)), 400)
    two = upload.etag(2, b"two")
    assert upload.complete((3, three), (1, one), (2, two)).status_code == 200
    assert httpx.get(upload.url).content == b"onetwothree"


@pytest.mark.parametrize(
    "body",
    [{}, [], {"parts": []}, {"parts": 1}, {"parts": [1]}, {"parts": [{"partNumber": 1}]},
     {"parts": [{"partNumber": "1", "etag": "x"}]}, {"parts": [{"partNumber": 1, "etag": 1}]},
     {"parts": [{"partNumber": 0, "etag": "x"}]}, {"parts": [{"partNumber": 10**12, "etag": "x"}]},
     {"parts": [{"partNumber": 1, "etag": "x"}, {"partNumber": 1, "etag": "x"}]}],
)  # fmt: skip
def test_a_list_that_is_none_is_refused(gateway: Gateway, body: Any) -> None:
    assert "list of parts" in check_error(Python(gateway).complete(body=body), 400)


@pytest.mark.parametrize("n", [0, 10_001])
def test_a_number_out_of_range_is_refused(gateway: Gateway, n: int) -> None:
    assert "from 1 to 10000" in check_error(Python(gateway).put(n, b"x"), 400)


def test_the_parts_together_may_not_be_too_large(tmp_path: Path) -> None:
    with Gateway(tmp_path, max_upload_bytes=1000) as gateway:
        upload = Python(gateway)
        etags = [(1, upload.etag(1, bytes(600))), (2, upload.etag(2, bytes(400)))]
        check_error(upload.put(3, b"x"), 413)
        etags[1] = (2, upload.etag(2, bytes(399)))
        upload.etag(3, b"x")
        assert upload.complete(*etags).status_code == 200
        assert len(httpx.get(upload.url).content) == 999


@pytest.mark.parametrize("files", ["", "memory:///"])
def test_only_the_file_is_left(tmp_path: Path, files: str) -> None:
    with Gateway(tmp_path, files=files) as gateway:
        upload = Python(gateway, **{"x-fal-object-lifecycle": '{"expiration_duration_seconds": 60}'})
        etags = [(n, upload.etag(n, data)) for n, data in PARTS.items()]
        for n, _ in etags:  # under no name can a part be fetched
            key = f"parts/{upload.url.split('/')[-2]}/{n}"
            assert gateway.do(gateway.files.head(key)) is not None
            check_error(gateway.http.get(f"/files/{key}"), 404)
        assert upload.complete(*etags).status_code == 200
        assert httpx.get(upload.url).content == WHOLE
        assert gateway.do(gateway.files.below("parts/")) == {}
        assert gateway.do(gateway.files.below("spool/")) == {}


@pytest.mark.parametrize("n", ["1" * 7, "1" * 5000])
def test_a_number_that_no_part_has_is_no_part(gateway: Gateway, n: str) -> None:
    check_error(httpx.put(f"{gateway.url}/files/uploads/x/a/{n}", content=b"x"), 403)
