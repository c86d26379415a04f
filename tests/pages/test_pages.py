"""How the pages are served: to whom, with what headers, below which address."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.gateway import Gateway
from tintype.api.pages import FOLDER

MODEL = "/models/fal-ai/z-image/turbo"
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("pages"), trusted_proxies="127.0.0.1", proxy_without_key=False) as running:
        yield running


@pytest.mark.parametrize("path", ["/", "/requests", "/requests/x", "/admin", "/docs", MODEL, f"{MODEL}/api", "/admin/"])
def test_a_browser_gets_the_page_and_a_strict_policy(gateway: Gateway, path: str) -> None:
    answer = gateway.http.get(path, headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    assert "<style" not in answer.text
    assert not re.search(r"<script(?![^>]* src=)", answer.text)


@pytest.mark.parametrize("path", [MODEL, f"{MODEL}/api"])
def test_others_get_the_text_of_the_model(gateway: Gateway, path: str) -> None:
    text = gateway.http.get(f"{MODEL}/llms.txt").text
    answer = gateway.http.get(path, headers={"accept": "*/*"})
    assert (answer.text, answer.headers["vary"]) == (text, "accept, accept-encoding")


def test_only_a_browser_sees_a_page_where_nothing_is(gateway: Gateway) -> None:
    seen = gateway.http.get("/nothing", headers=BROWSER)
    assert (seen.status_code, seen.headers["content-security-policy"]) == (404, POLICY)
    for path, said in (("/nothing", {"detail": "Path /nothing not found"}), ("/v1/nothing", None)):
        answer = gateway.http.get(path, headers={"accept": "application/json"})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
        assert said in (None, answer.json())
    assert gateway.http.post("/nothing", headers=BROWSER).headers["content-type"] == "application/json"


def test_files_are_kept_for_ever_and_packed(gateway: Gateway) -> None:
    for path in FOLDER.iterdir():
        answer = gateway.http.get(f"/pages/{path.name}")
        assert answer.content == path.read_bytes()
        assert answer.headers["content-encoding"] == "gzip"
        kept = path.name not in ("index.html", "licences.txt")
        assert answer.headers["cache-control"] == ("public, max-age=31536000, immutable" if kept else "no-cache")
        assert gateway.http.get(f"/pages/{path.name}", headers={"accept-encoding": ""}).content == answer.content
    for name in ("nothing.js", "..%2fpostcard%2ftintype.json"):
        assert gateway.http.get(f"/pages/{name}").status_code == 404


def test_below_a_proxys_prefix_the_page_finds_its_files(gateway: Gateway) -> None:
    page = gateway.http.get("/", headers={**BROWSER, "x-forwarded-prefix": "/paint"}).text
    names = re.findall(r'(?:src|href)="(.*?)"', page)
    assert len(names) == 3
    assert all(name.startswith("/paint/pages/") for name in names)
    assert gateway.http.get(names[0].removeprefix("/paint")).status_code == 200


def test_the_playground_is_told_what_the_schema_does_not_say(gateway: Gateway) -> None:
    told = gateway.http.get(f"{MODEL}/playground").json()
    assert told["title"] == "Z Image"
    assert told["model"] == "flat colours"
    assert told["prompts"][0].startswith("A hyper-realistic")
    assert told["sizes"]["portrait_16_9"] == [576, 1024]
    assert told["expansion_price"] == 0.0025
    assert told["needs_key"] is False
    assert re.fullmatch(rf"\S+/tintype env --home {gateway.settings.home}", told["env"])


def test_elsewhere_it_names_no_folder_of_this_machine(gateway: Gateway) -> None:
    told = gateway.http.get(f"{MODEL}/playground", headers={"host": "paint.test:8000"}).json()
    assert told["env"] == "tintype env --host paint.test"


def test_it_says_that_a_key_is_needed(tmp_path: Path) -> None:
    with Gateway(tmp_path / "home") as locked:
        locked.keys.create("somebody")
        assert locked.http.get(f"{MODEL}/playground").json()["needs_key"] is True
