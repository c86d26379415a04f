import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.envelope import check_error
from tests.api.gateway import QUEUE, RUN, WISH, Gateway
from tintype.errors import SetupError
from tintype.keys import Keys

GUARDED = [
    ("POST", RUN),
    ("POST", QUEUE),
    ("GET", "/queue/fal-ai/z-image/requests/x"),
    ("GET", "/queue/fal-ai/z-image/requests/x/status"),
    ("GET", "/queue/fal-ai/z-image/requests/x/status/stream"),
    ("PUT", "/queue/fal-ai/z-image/requests/x/cancel"),
    ("POST", f"{RUN}/stream"),
    ("POST", "/rest/tokens/"),
]


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with a key, ``locked.key``."""
    home = tmp_path_factory.mktemp("home")
    key = Keys(home).create("first")
    with Gateway(home) as gateway:
        gateway.http.headers["authorization"] = f"Key {key}"
        yield gateway


@pytest.mark.parametrize("authorization", [None, "Key any:key", "Bearer x", "nonsense"])
def test_without_keys_anyone_on_this_machine_may_ask(gateway: Gateway, authorization: str | None) -> None:
    headers = {"authorization": authorization} if authorization else {}
    assert gateway.post(headers=headers).status_code == 200


@pytest.mark.case("C56")
@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize("authorization", [None, "", "Key", "Key x:y", "Basic x:y", "Key {id}:", "Key {id}:{id}", "é"])
def test_with_keys_nobody_else_may(locked: Gateway, method: str, path: str, authorization: str | None) -> None:
    headers = {}
    if authorization is not None:
        [key] = locked.keys.list()
        headers = {"authorization": authorization.format(id=key.id).encode()}
    answer = httpx.request(method, f"{locked.url}{path}", headers=headers, json=WISH)
    assert check_error(answer, 401) == "invalid key credentials"


@pytest.mark.parametrize("scheme", ["Key", "key", "Bearer", "bearer"])
def test_a_key_opens(locked: Gateway, scheme: str) -> None:
    key = locked.http.headers["authorization"].removeprefix("Key ")
    assert locked.post(headers={"authorization": f"{scheme} {key}"}).status_code == 200


def test_pictures_and_health_need_no_key(locked: Gateway) -> None:
    url = locked.post().json()["images"][0]["url"]
    for open_to_all in (url, f"{locked.url}/healthz", f"{locked.url}/readyz"):
        assert httpx.get(open_to_all).status_code == 200


def test_anothers_request_reads_as_unknown(locked: Gateway) -> None:
    submitted = locked.submit()
    locked.completed(submitted)
    other = {"authorization": f"Key {Keys(locked.settings.home).create('other')}"}
    try:
        for url in (submitted["response_url"], submitted["status_url"], f"{submitted['status_url']}/stream"):
            assert check_error(httpx.get(url, headers=other), 404) == "Request not found"
        assert check_error(httpx.put(submitted["cancel_url"], headers=other), 404) == "Request not found"
        assert locked.http.get(submitted["response_url"]).status_code == 200
    finally:
        locked.keys.revoke(other["authorization"].removeprefix("Key ").partition(":")[0])


def test_a_key_works_from_its_creation_to_its_revocation(locked: Gateway) -> None:
    elsewhere = Keys(locked.settings.home)
    key = elsewhere.create("short-lived")
    headers = {"authorization": f"Key {key}"}
    assert locked.post(headers=headers).status_code == 200
    assert elsewhere.revoke(key.partition(":")[0])
    check_error(locked.post(headers=headers), 401)
    assert not elsewhere.revoke(key.partition(":")[0])


def test_revoking_the_last_key_does_not_open_a_public_server(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    key = keys.create("only")
    with Gateway(tmp_path, host="0.0.0.0") as public:
        headers = {"authorization": f"Key {key}"}
        assert public.post(headers=headers).status_code == 200
        keys.revoke(key.partition(":")[0])
        check_error(public.post(headers=headers), 401)
        (tmp_path / "keys.json").unlink()
        check_error(public.post(), 401)


def test_secrets_are_not_kept_and_the_file_is_its_owners(tmp_path: Path) -> None:
    key = Keys(tmp_path).create("me")
    file = tmp_path / "keys.json"
    assert key.partition(":")[2] not in file.read_text()
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert [entry["name"] for entry in json.loads(file.read_text())] == ["me"]


def test_a_damaged_file_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{}x")
    with pytest.raises(SetupError, match="damaged"):
        Keys(tmp_path).account(None)


@pytest.mark.case("C56")
@pytest.mark.parametrize("path", [RUN, QUEUE, "/files/x", "/nowhere"])
def test_browsers_may_ask_first_without_a_key(locked: Gateway, path: str) -> None:
    headers = {"origin": "http://x", "access-control-request-headers": "x-mine, authorization"}
    answer = httpx.options(f"{locked.url}{path}", headers=headers)
    assert answer.status_code == 204
    assert answer.content == b""
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert {"authorization", "content-type", "x-mine"} <= set(allowed)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "GET, POST, PUT, DELETE, OPTIONS, HEAD"
    assert int(answer.headers["access-control-max-age"]) > 0
    assert answer.headers["x-fal-request-id"]
