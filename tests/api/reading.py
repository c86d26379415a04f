"""Reading what is told bit by bit."""

import json
from collections.abc import Iterator
from typing import Any

import httpx


def chunks(response: httpx.Response) -> Iterator[str]:
    """What stands between empty lines, as it arrives: events and pings."""
    block: list[str] = []
    for line in response.iter_lines():
        if line:
            block.append(line)
        else:
            yield "\n".join(block)
            block = []
    assert not block, "the stream ended within an event"


def events(response: httpx.Response) -> Iterator[dict[str, Any]]:
    """The data of each event, as it arrives."""
    for chunk in chunks(response):
        if not chunk.startswith(":"):
            assert chunk.startswith("data: ")
            yield json.loads(chunk.removeprefix("data: "))
