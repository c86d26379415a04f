"""/openapi.json, and docs/reference/api.md, which is written anew by ``python -m tests.api.test_reference``."""

import tempfile
from pathlib import Path
from typing import Any

from tests.api.gateway import Gateway

PAGE = Path(__file__).parents[2] / "docs/reference/api.md"
INTRODUCTION = """# Every route

Made from `GET /openapi.json`, which says more of each: bodies, answers, parameters. Any path may have `/run`,
`/queue`, `/rest`, `/cdn`, `/ws` or `/platform` before it, for fal's hosts; `POST /fal-ai/z-image/turbo` answers with
the pictures, and below `/queue` with what was taken in. `/api/fal/proxy` answers what its header `x-fal-target-url`
names. One slash at the end is ignored. How a "no" looks is in [errors](errors.md).

| method | path | what | key |
| --- | --- | --- | --- |
"""


def page(document: dict[str, Any]) -> str:
    """As that OpenAPI document has it."""
    rows = [
        f"| {method.upper()} | `{path}` | {operation['summary']} | {'yes' if operation.get('security') else ''} |"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return INTRODUCTION + "\n".join(rows) + "\n"


def test_the_page_is_current(gateway: Gateway) -> None:
    written = page(gateway.http.get("/openapi.json").json())
    assert PAGE.read_text() == written, "write it anew: PYTHONPATH=src python -m tests.api.test_reference"


def test_the_document_names_the_server_that_was_asked(gateway: Gateway) -> None:
    document = gateway.http.get("/queue/openapi.json", headers={"host": "paint.test:81"}).json()
    assert (document["openapi"], document["servers"]) == ("3.1.0", [{"url": "http://paint.test:81"}])


def test_a_route_says_whether_it_needs_a_key(gateway: Gateway) -> None:
    paths = gateway.http.get("/openapi.json").json()["paths"]
    assert paths["/fal-ai/z-image/requests/{job_id}/status"]["get"]["security"] == [{"key": []}]
    assert paths["/v1/images/generations"]["post"]["security"] == [{"key": []}]
    assert "security" not in paths["/files/{key}"]["get"]


def test_a_range_is_answered_as_the_document_says(gateway: Gateway) -> None:
    answers = gateway.http.get("/openapi.json").json()["paths"]["/files/{key}"]["get"]["responses"]
    url = gateway.post().json()["images"][0]["url"]
    for asked in ("bytes=0-3", "bytes=9999999-", "nonsense"):
        answer = gateway.http.get(url, headers={"range": asked})
        assert answer.headers["content-type"].partition(";")[0] in answers[str(answer.status_code)]["content"]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home, Gateway(Path(home)) as running:
        PAGE.write_text(page(running.http.get("/openapi.json").json()))
