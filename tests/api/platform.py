"""What the tests of the Platform API share."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx

from tests.api.gateway import Gateway
from tintype.core import ENDPOINT
from tintype.keys import Keys

MINE = {"endpoint_id": ENDPOINT}


def check_refused(answer: httpx.Response, status: int, kind: str) -> str:
    """The Platform API's envelope; returns its message."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert set(answer.json()) == {"error"}
    error = answer.json()["error"]
    assert set(error) == {"type", "message", "request_id"}
    assert error["type"] == kind
    assert error["request_id"] == answer.headers["x-fal-request-id"]
    assert uuid.UUID(error["request_id"]).version == 4
    return error["message"]


def get(gateway: Gateway, path: str, headers: dict[str, str] | None = None, **params: Any) -> dict[str, Any]:
    answer = gateway.http.get(f"/v1{path}", params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def pages(gateway: Gateway, path: str, **params: Any) -> Iterator[dict[str, Any]]:
    """Every page, as a client follows them."""
    cursor: dict[str, str] = {}
    while True:
        page = get(gateway, path, **params, **cursor)
        yield page
        assert page["has_more"] is (page["next_cursor"] is not None)
        if not page["has_more"]:
            return
        cursor = {"cursor": page["next_cursor"]}


def key(gateway: Gateway, name: str, scope: Any = "API") -> dict[str, str]:
    """The header of a new key."""
    return {"authorization": f"Key {Keys(gateway.settings.home).create(name, scope)}"}
