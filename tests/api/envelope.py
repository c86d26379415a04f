"""What must be true of every "no", whichever route says it."""

import uuid
from typing import Any

import httpx


def check_error(answer: httpx.Response, status: int) -> Any:
    """fal's envelope with this status; returns its ``detail``."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert uuid.UUID(answer.headers["x-fal-request-id"]).version == 4
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "x-fal-request-id" in answer.headers["access-control-expose-headers"]
    if status in (404, 422):
        assert answer.headers["x-fal-billable-units"] == "0"
    body = answer.json()
    assert set(body) <= {"detail", "error_type", "status"}
    assert body.get("error_type") == answer.headers.get("x-fal-error-type")
    if isinstance(body["detail"], list):
        assert "error_type" not in body
        assert body["detail"]
        for entry in body["detail"]:
            assert {"type", "loc", "msg", "input"} <= set(entry) <= {"type", "loc", "msg", "input", "ctx"}
            assert entry["loc"][0] == "body"
    else:
        assert isinstance(body["detail"], str)
        assert body["detail"]
    return body["detail"]
