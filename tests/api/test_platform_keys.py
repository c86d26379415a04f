"""Who may do what, and keys over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.api.gateway import Gateway
from tests.api.platform import MINE, check_refused, get, key, pages
from tintype.cli.app import app
from tintype.keys import Keys

pytestmark = pytest.mark.case("C72")

ADMINS = [
    ("GET", "/models/usage"),
    ("GET", "/models/billing-events"),
    ("DELETE", "/models/requests/x/payloads"),
    ("GET", "/keys"),
    ("POST", "/keys"),
    ("DELETE", "/keys/x"),
    ("GET", "/account/billing"),
]


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway whose client has a key of scope ADMIN."""
    home = tmp_path_factory.mktemp("home")
    made = Keys(home).create("operator", "ADMIN")
    with Gateway(home) as gateway:
        gateway.http.headers["authorization"] = f"Key {made}"
        yield gateway


@pytest.mark.parametrize(("method", "path"), ADMINS)
def test_some_calls_need_a_key_of_scope_admin(admin: Gateway, method: str, path: str) -> None:
    answer = admin.http.request(method, f"/v1{path}", headers=key(admin, "only models"))
    assert "--admin" in check_refused(answer, 403, "authorization_error")


def test_a_key_of_scope_api_does_the_rest(admin: Gateway) -> None:
    mine = key(admin, "only models")
    for path in ("/models/pricing", "/models/analytics", "/models/requests/by-endpoint"):
        get(admin, path, headers=mine, **MINE)
    assert admin.post(headers=mine).status_code == 200


def test_a_key_is_made_used_listed_and_revoked(admin: Gateway) -> None:
    answer = admin.http.post("/v1/keys", json={"alias": "a new one"})
    assert answer.status_code == 201
    made = answer.json()
    assert made["key"] == f"{made['key_id']}:{made['key_secret']}"
    assert admin.post(headers={"authorization": f"Key {made['key']}"}).status_code == 200
    [listed] = [each for each in get(admin, "/keys")["keys"] if each["key_id"] == made["key_id"]]
    assert (listed["alias"], listed["scope"]) == ("a new one", "API")
    assert listed["created_at"].endswith("Z")
    assert made["key_secret"] not in (admin.settings.home / "keys.json").read_text()
    gone = admin.http.delete(f"/v1/keys/{made['key_id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert admin.post(headers={"authorization": f"Key {made['key']}"}).status_code == 401
    check_refused(admin.http.delete(f"/v1/keys/{made['key_id']}"), 404, "not_found")


def test_keys_are_listed_page_by_page(admin: Gateway) -> None:
    for n in range(3):
        key(admin, f"page {n}")
    everything = get(admin, "/keys", expand="creator_info")["keys"]
    turned = [each for page in pages(admin, "/keys", limit=2) for each in page["keys"]]
    assert turned == everything
    assert len(turned) >= 3


def test_keys_of_scope_admin_are_the_command_lines(admin: Gateway) -> None:
    [operator] = [each for each in admin.keys.list() if each.scope == "ADMIN"]
    assert operator.id not in json.dumps(get(admin, "/keys"))
    check_refused(admin.http.delete(f"/v1/keys/{operator.id}"), 404, "not_found")


@pytest.mark.parametrize("body", [{}, {"alias": ""}, {"alias": 7}, {"alias": "a" * 201}])
def test_a_key_needs_a_name(admin: Gateway, body: dict[str, object]) -> None:
    assert check_refused(admin.http.post("/v1/keys", json=body), 400, "validation_error").startswith("alias: ")


def test_there_is_no_balance(admin: Gateway) -> None:
    assert get(admin, "/account/billing") == {"username": "operator"}
    credits = {"current_balance": 0.0, "currency": "USD"}
    assert get(admin, "/account/billing", expand="credits") == {"username": "operator", "credits": credits}


def test_without_keys_this_machine_may_do_all_and_the_first_key_ends_that(tmp_path: Path) -> None:
    with Gateway(tmp_path, painting=False) as gateway:
        assert get(gateway, "/account/billing") == {"username": "local"}
        assert gateway.http.post("/v1/keys", json={"alias": "first"}).status_code == 201
        check_refused(gateway.http.get("/v1/keys"), 401, "authorization_error")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:3000", 200),
        ("http://127.0.0.1:8000", 200),
        ("https://elsewhere.test", 403),
        ("null", 403),
        ("http://[", 403),
        ("http://localhost.elsewhere.test", 403),
    ],
)
def test_without_keys_pages_of_others_are_told_nothing(gateway: Gateway, origin: str, status: int) -> None:
    answer = gateway.http.get("/v1/keys", headers={"origin": origin})
    assert answer.status_code == status
    if status == 403:
        assert "make a key first" in check_refused(answer, 403, "authorization_error")


def test_with_a_key_any_page_may_ask(admin: Gateway) -> None:
    assert admin.http.get("/v1/keys", headers={"origin": "https://elsewhere.test"}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/models/requests/by-endpoint?endpoint_id=x", "/models/analytics", "/webhooks/deliveries"]
)
def test_who_needs_no_key_on_the_proxy_path_sees_nobodys_history(tmp_path: Path, path: str) -> None:
    Keys(tmp_path).create("only")
    with Gateway(tmp_path, painting=False, proxy_without_key=True) as gateway:
        target = {"x-fal-target-url": f"https://api.fal.ai/v1{path}"}
        answer = gateway.http.get("/api/fal/proxy", headers=target)
        assert "on the proxy path too" in check_refused(answer, 403, "authorization_error")


def test_keys_of_before_there_were_scopes_call_models(tmp_path: Path) -> None:
    made = Keys(tmp_path).create("old")
    file = tmp_path / "keys.json"
    rows = json.loads(file.read_text())
    del rows[0]["scope"]
    file.write_text(json.dumps(rows))
    with Gateway(tmp_path) as gateway:
        headers = {"authorization": f"Key {made}"}
        assert gateway.post(headers=headers).status_code == 200
        check_refused(gateway.http.get("/v1/keys", headers=headers), 403, "authorization_error")


def test_the_command_line_makes_keys_of_both_scopes(tmp_path: Path) -> None:
    for options in ([], ["--admin"]):
        done = CliRunner().invoke(app, ["keys", "create", "one", *options, "--home", str(tmp_path)])
        assert done.exit_code == 0, done.output
    assert [each.scope for each in Keys(tmp_path).list()] == ["API", "ADMIN"]
    shown = CliRunner().invoke(app, ["keys", "list", "--home", str(tmp_path)]).output
    assert "ADMIN" in shown
