import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.envelope import check_error
from tests.api.gateway import PATH, RUN, WISH, Gateway
from tests.api.reading import events
from tests.api.sockets import REALTIME, answer, open_socket, send
from tintype.keys import Keys
from tintype.signatures import Signer

WANTED = {"allowed_apps": ["z-image"], "token_expiration": 120}


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway with a key, which ``locked.http`` sends."""
    key = Keys(tmp_path / "home").create("first")
    with Gateway(tmp_path / "home") as gateway:
        gateway.http.headers["authorization"] = f"Key {key}"
        yield gateway


def token(gateway: Gateway, path: str = "/rest/tokens/", wish: Any = None) -> str:
    made = gateway.post(path, WANTED if wish is None else wish).raise_for_status()
    assert made.headers["content-type"] == "application/json"
    assert isinstance(made.json(), str)
    return made.json()


@pytest.mark.parametrize(
    ("path", "wish"),
    [
        ("/tokens/", WANTED),
        ("/tokens", {"allowed_apps": ["z-image", "fal-ai/z-image/turbo"]}),
        ("/rest/tokens/", WANTED | {"token_expiration": 10.5}),
        ("/rest/tokens/realtime", {"app": "fal-ai/z-image/turbo", "duration": 300}),
        ("/rest/tokens/realtime", {"app": "fal-ai/z-image/turbo/realtime", "allowed_apps": ["z-image"]}),
        ("/rest/tokens/realtime", {"allowed_apps": ["fal-ai/z-image"], "duration": 120}),
    ],
)
def test_a_token_opens_what_its_key_opens(locked: Gateway, path: str, wish: Any) -> None:
    with open_socket(locked, f"{REALTIME}?fal_jwt_token={token(locked, path, wish)}") as socket:
        send(socket, WISH)
        job = locked.do(locked.store.get(answer(socket)["request_id"]))
    assert job is not None
    assert job.account == locked.keys.list()[0].id


@pytest.mark.case("C43")
def test_a_token_opens_streams_without_a_key(locked: Gateway) -> None:
    made = token(locked)
    with httpx.stream("POST", f"{locked.url}{RUN}/stream?fal_jwt_token={made}", json=WISH) as response:
        *_, output = events(response)
    assert output["seed"] == 7
    url = f"{locked.url}/queue/fal-ai/z-image/requests/{response.headers['x-fal-request-id']}/status/stream"
    with httpx.stream("GET", f"{url}?fal_jwt_token={made}") as response:
        assert [event["status"] for event in events(response)] == ["COMPLETED"]
    with httpx.stream("GET", f'{url}?fal_jwt_token="{made}"') as response:
        assert response.status_code == 200, "a token that was read as text keeps its quotes"


def test_a_token_opens_nothing_else(locked: Gateway) -> None:
    made = token(locked)
    for method, path in (("POST", RUN), ("POST", "/tokens"), ("GET", "/queue/fal-ai/z-image/requests/x/status")):
        answer = httpx.request(method, f"{locked.url}{path}?fal_jwt_token={made}", json=WISH)
        assert check_error(answer, 401) == "invalid key credentials"
    for authorization in (f"Key {made}", f"Bearer {made}"):
        assert httpx.post(f"{locked.url}{RUN}", json=WISH, headers={"authorization": authorization}).status_code == 401


@pytest.mark.parametrize("spoilt", ["", "x", "{token}x", "x{token}"])
def test_a_spoilt_token_opens_nothing_even_beside_a_key(locked: Gateway, spoilt: str) -> None:
    url = f"{RUN}/stream?fal_jwt_token={spoilt.format(token=token(locked))}"
    assert check_error(locked.post(url), 401) == "invalid key credentials"


def test_a_token_of_another_time_purpose_or_account_opens_nothing(locked: Gateway) -> None:
    signer, account = Signer(locked.settings.home), locked.keys.list()[0].id
    assert locked.post(f"{RUN}/stream?fal_jwt_token={signer.token('app z-image', account, 60)}").status_code == 200
    for made in (
        signer.token("app z-image", account, -1),
        signer.token("app flux", account, 60),
        signer.token("app z-image", "local", 60),
        signer.token("app z-image", "nobody", 60),
    ):
        assert check_error(locked.post(f"{RUN}/stream?fal_jwt_token={made}"), 401)


def test_a_token_ends_with_its_key(locked: Gateway) -> None:
    made = token(locked)
    [key] = locked.keys.list()
    locked.keys.create("second")
    locked.keys.revoke(key.id)
    assert httpx.post(f"{locked.url}{RUN}/stream?fal_jwt_token={made}", json=WISH).status_code == 401


def test_on_this_machine_alone_nobody_needs_a_key_for_a_token(gateway: Gateway) -> None:
    assert httpx.post(f"{gateway.url}{PATH}/stream?fal_jwt_token={token(gateway)}", json=WISH).status_code == 200


def test_strangers_get_no_token(locked: Gateway) -> None:
    assert check_error(httpx.post(f"{locked.url}/tokens/", json=WANTED), 401) == "invalid key credentials"


@pytest.mark.parametrize("apps", [["flux"], ["z-image", "flux"], ["fal-ai/flux/dev"], [""], ["/"]])
def test_other_applications_are_unknown(gateway: Gateway, apps: list[str]) -> None:
    detail = check_error(gateway.post("/tokens", {"allowed_apps": apps}), 404)
    assert detail == f'Application "{apps[-1]}" not found'


@pytest.mark.parametrize(
    ("wish", "field", "kind"),
    [
        ({}, "allowed_apps", "missing"),
        ({"allowed_apps": []}, "allowed_apps", "too_short"),
        ({"allowed_apps": 1}, "allowed_apps", "list_type"),
        ({"app": [1]}, 0, "string_type"),
        ({"app": "z-image", "duration": 0}, "duration", "greater_than"),
        ({"app": "z-image", "token_expiration": 3601}, "token_expiration", "less_than_equal"),
        ([], "body", "model_attributes_type"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(gateway: Gateway, wish: Any, field: str, kind: str) -> None:
    [entry] = check_error(gateway.http.post("/tokens/realtime", content=json.dumps(wish)), 422)
    assert (entry["loc"][-1], entry["type"]) == (field, kind)
