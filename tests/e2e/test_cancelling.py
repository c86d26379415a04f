"""A cancelled request stops after the step that it is at, whatever its size and level of acceleration."""

import re
import time

import httpx
import pytest

from .server import Server

STEPS = 30
SIZES = ("square", "landscape_4_3", {"width": 2048, "height": 2048})


@pytest.mark.parametrize("level", ["none", "regular", "high"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_no_more_than_the_step_it_is_at_is_taken(server: Server, level: str, size: object) -> None:
    wish = {"prompt": "a cat", "image_size": size, "acceleration": level, "num_inference_steps": STEPS}
    submitted = server.submit(**wish)
    while (at := steps(submitted)) < 3:
        time.sleep(0.005)
    assert httpx.put(submitted["cancel_url"]).status_code == 202
    at = max(at, steps(submitted))
    status = server.wait_for(submitted)
    assert status["error_type"] == "client_cancelled"
    assert 3 <= steps(submitted) <= at + 1 < STEPS


def steps(submitted: dict[str, str]) -> int:
    """The last step that the request's log tells of."""
    logs = httpx.get(submitted["status_url"], params={"logs": 1}).json().get("logs") or []
    told = [re.match(r"step (\d+)/", line["message"]) for line in logs]
    return max((int(found[1]) for found in told if found), default=0)
