"""What a server says in its log, while all goes well and while much goes wrong: no secret of a key, no prompt."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.server import ENDPOINT, Server
from tintype.keys import Keys

PROMPT = "a prompt that nobody else is to read"
HISTORY = f"/v1/models/requests/by-endpoint?expand=payloads&endpoint_id={ENDPOINT.strip('/')}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that says all it can, with keys and an engine that needs no model."""
    settings = {"TINTYPE_LOG_LEVEL": "debug", "TINTYPE_ENGINE": "tintype.testing.engine"}
    Keys(tmp_path).create("first")
    running = Server(tmp_path, settings=settings).start()
    yield running
    running.stop()


def test_the_log_holds_neither_secrets_nor_prompts(server: Server) -> None:
    keys = Keys(server.home)
    made = [keys.create("operator", "ADMIN"), keys.create("revoked")]
    admin = {"authorization": f"Key {made[0]}"}
    with httpx.Client(base_url=server.url, headers=admin, timeout=30) as http:
        wish = {"prompt": PROMPT, "image_size": {"width": 64, "height": 64}}
        assert http.post(ENDPOINT, json=wish).status_code == 200
        submitted = http.post(f"/queue{ENDPOINT}", json=wish).json()
        finish(http, submitted)
        assert http.get(HISTORY).json()["items"][0]["json_input"]["prompt"] == PROMPT
        new = http.post("/v1/keys", json={"alias": "over HTTP"}).json()
        go_wrong(http, server, wish, made)
        assert http.delete(f"/v1/models/requests/{submitted['request_id']}/payloads").status_code == 200
    damage(server, admin)
    assert server.stop() == 0
    log = (server.home / "server.log").read_text()
    assert "a request failed by a mistake of ours" in log
    assert PROMPT not in log
    for key in (*made, new["key"]):
        assert key.partition(":")[2] not in log


def finish(http: httpx.Client, submitted: dict[str, str]) -> None:
    deadline = time.monotonic() + 30
    while http.get(submitted["status_url"], params={"logs": 1}).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def go_wrong(http: httpx.Client, server: Server, wish: dict[str, object], made: list[str]) -> None:
    """Refusals of every kind, and an engine that dies over a prompt."""
    assert http.post(ENDPOINT, json=wish | {"num_images": 9}).status_code == 422
    assert http.post(ENDPOINT, content=f'{{"prompt": "{PROMPT}"').status_code == 422
    Keys(server.home).revoke(made[1].partition(":")[0])
    for credentials in (made[1], made[0] + "x", made[0].partition(":")[2]):
        answer = http.get("/v1/keys", headers={"authorization": f"Key {credentials}"})
        assert answer.status_code == 401
    engine = server.engine
    engine.suspend()
    submitted = http.post(f"/queue{ENDPOINT}", json=wish).json()
    time.sleep(0.2)
    engine.kill()
    finish(http, submitted)


def damage(server: Server, admin: dict[str, str]) -> None:
    """A file of ours that cannot be read: a traceback is logged."""
    (server.home / "keys.json").write_text("{")
    for path in ("/v1/keys", f"{ENDPOINT}/requests/x"):
        assert httpx.get(f"{server.url}{path}", headers=admin).status_code == 500
