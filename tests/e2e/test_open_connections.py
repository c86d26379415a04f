"""What is open for long, with fal's own Python client: it speaks https and wss only, and reads its settings once."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.gateway import SMALL
from tests.e2e.listening import Listening

WISH = {"prompt": "a red sailboat", "image_size": SMALL, "seed": 7, "num_inference_steps": 3}


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    with Listening(tmp_path_factory.mktemp("home")) as running:
        yield running


def told(gateway: Listening, script: str, *options: str) -> list[Any]:
    """What ``script`` tells, run in a shell that did ``eval "$(tintype env OPTIONS)"``."""
    head = "import asyncio, json, fal_client\nfrom fal_client.client import RealtimeError\n"
    head += f'APP = "fal-ai/z-image/turbo"\nWISH = {WISH!r}\n'
    head += "def tell(value): print(json.dumps(value))\n"
    done = subprocess.run(
        [sys.executable, "-c", head + textwrap.dedent(script)],
        env=gateway.environment(*options) | {"FAL_KEY": "any:key"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def is_there(gateway: Listening, output: Any) -> bool:
    """Whether the picture can be fetched from the address that the client was given."""
    https = f"https://localhost:{gateway.settings.tls_port}/"
    url = output["images"][0]["url"]
    return url.startswith(https) and gateway.http.get(url.replace(https, "/")).status_code == 200


@pytest.mark.case("C41")
def test_stream(secure: Listening) -> None:
    events = told(
        secure,
        """
        for event in fal_client.stream(APP, arguments=WISH):
            tell(event)

        async def main():
            async for event in fal_client.stream_async(APP, arguments=WISH):
                tell(event)

        asyncio.run(main())
        try:
            list(fal_client.stream(APP, arguments=WISH | {"num_images": 5}))
        except Exception as error:
            tell(str(error))
        """,
    )
    *events, refused = events
    assert len(events) == 8
    for one in (events[:4], events[4:]):
        assert [event.get("progress") for event in one] == [0.3333, 0.6667, 1.0, None]
        assert one[-1]["seed"] == 7
        assert is_there(secure, one[-1])
    assert "text/event-stream" in refused, "all that this client says of a refusal"


@pytest.mark.case("C44")
def test_realtime(secure: Listening) -> None:
    first, mine, refused, still, text = told(
        secure,
        """
        with fal_client.realtime(APP, use_jwt=False, max_buffering=5) as connection:
            connection.send(WISH)
            tell(connection.recv())
            connection.send(WISH | {"request_id": "mine"})
            tell(connection.recv())
            connection.send(WISH | {"num_images": 5})
            try:
                connection.recv()
            except RealtimeError as error:
                tell(str(error))

        async def main():
            async with fal_client.realtime_async(APP, use_jwt=False) as connection:
                await connection.send(WISH)
                tell(await connection.recv())

        asyncio.run(main())
        encode = {"encode_message": lambda value: json.dumps(value).encode(), "decode_message": json.loads}
        with fal_client.realtime(APP, use_jwt=False, **encode) as connection:
            connection.send(WISH)
            tell(connection.recv())
        """,
    )
    assert first["request_id"] in first["images"][0]["url"]
    assert is_there(secure, first)
    assert mine["request_id"] == "mine"
    assert refused == "validation_error: num_images: Input should be less than or equal to 4"
    assert first["seed"] == still["seed"] == text["seed"] == 7


@pytest.mark.case("C45")
def test_ws_connect(secure: Listening) -> None:
    start, output, end = told(
        secure,
        """
        with fal_client.ws_connect(APP, use_jwt=False) as socket:
            socket.send(json.dumps(WISH))
            for _ in range(3):
                tell(json.loads(socket.recv()))
        """,
    )
    assert (start["type"], start["status"], end["type"]) == ("start", 200, "end")
    assert output["seed"] == 7


@pytest.mark.case("C44", "C45")
def test_tokens_are_asked_for_where_fal_would_be(secure: Listening) -> None:
    output, start = told(
        secure,
        """
        with fal_client.realtime(APP) as connection:
            connection.send(WISH)
            tell(connection.recv())
        with fal_client.ws_connect(APP) as socket:
            socket.send(json.dumps(WISH))
            tell(json.loads(socket.recv()))
        """,
        "--proxy",
    )
    assert output["images"][0]["url"].startswith("https://fal.run/files/")
    assert start["status"] == 200


def test_a_client_with_a_wrong_key_hears_why(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Listening(tmp_path_factory.mktemp("home")) as gateway:
        gateway.keys.create("somebody else's")
        [realtime] = told(
            gateway,
            """
            with fal_client.realtime(APP, use_jwt=False) as connection:
                try:
                    connection.recv()
                except RealtimeError as error:
                    tell(str(error))
            """,
        )
    assert realtime == "Unauthorized: the key or token is not one of this server's, or no longer"
