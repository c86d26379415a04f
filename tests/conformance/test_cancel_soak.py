"""Callers who change their minds at any moment, in every way: nothing is left unfinished, and the worker is free."""

import asyncio
import contextlib
import random
import time
from collections import Counter

import httpx
import pytest

from tests.e2e.server import ENDPOINT, Server

REQUESTS = 500
CALLERS = 16
SMALL = {"width": 32, "height": 32}
STEP = 1.0
"""Seconds of one step of the long request."""


async def put(http: httpx.AsyncClient, wish: dict[str, object], after: float) -> None:
    submitted = (await http.post(f"/queue{ENDPOINT}", json=wish)).raise_for_status().json()
    await asyncio.sleep(after)
    assert (await http.put(submitted["cancel_url"])).status_code in (202, 400)


async def hang_up(http: httpx.AsyncClient, wish: dict[str, object], after: float) -> None:
    asking = asyncio.create_task(http.post(ENDPOINT, json=wish))
    await asyncio.sleep(after)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


async def time_out(http: httpx.AsyncClient, wish: dict[str, object], after: float) -> None:
    with contextlib.suppress(httpx.TimeoutException):
        await http.post(ENDPOINT, json=wish, timeout=max(after, 0.01))


async def leave_the_stream(http: httpx.AsyncClient, wish: dict[str, object], after: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(after), http.stream("POST", f"{ENDPOINT}/stream", json=wish) as events:
            async for _ in events.aiter_bytes():
                pass


WAYS = [put, hang_up, time_out, leave_the_stream]


@pytest.mark.case("C31", "C33")
@pytest.mark.parametrize("way", WAYS)
def test_the_worker_is_free_within_one_step(fake: Server, way: object) -> None:
    async def test() -> float:
        async with httpx.AsyncClient(base_url=fake.url, timeout=60) as http:
            long = {"prompt": f"slow:{STEP}", "image_size": SMALL, "num_inference_steps": 30}
            await way(http, long, 1.5 * STEP)  # pyright: ignore[reportCallIssue]
            started = time.monotonic()
            await http.post(ENDPOINT, json={"prompt": "next", "image_size": SMALL})
            return time.monotonic() - started

    assert asyncio.run(test()) < 2 * STEP, "the rest of one step, and the next request"


def test_five_hundred_requests_of_which_most_are_cancelled(fake: Server) -> None:
    rng = random.Random(3)
    ids: list[str] = []

    async def stay(http: httpx.AsyncClient, wish: dict[str, object], after: float) -> None:
        ids.append((await http.post(f"/queue{ENDPOINT}", json=wish)).raise_for_status().json()["request_id"])

    async def caller(http: httpx.AsyncClient, plan: list[tuple[object, dict[str, object], float]]) -> None:
        for way, wish, after in plan:
            await way(http, wish, after)  # pyright: ignore[reportCallIssue]

    async def soak() -> Counter[int]:
        plans: list[list[tuple[object, dict[str, object], float]]] = [[] for _ in range(CALLERS)]
        for number in range(REQUESTS):
            wish = {"prompt": f"{number} slow:0.005", "image_size": SMALL, "num_inference_steps": rng.randint(1, 4)}
            plans[number % CALLERS].append((rng.choice([*WAYS, stay]), wish, rng.random() * 0.3))
        async with httpx.AsyncClient(base_url=fake.url, timeout=60) as http:
            await asyncio.gather(*(caller(http, plan) for plan in plans))
            async with asyncio.timeout(60):
                while (queue := (await http.get("/healthz")).json()["queue"])["queued"] or queue["running"]:
                    await asyncio.sleep(0.1)
            results = [await http.get(f"/queue/fal-ai/z-image/requests/{job_id}") for job_id in ids]
            after = await http.post(ENDPOINT, json={"prompt": "after", "image_size": SMALL})
            assert after.status_code == 200
        return Counter(result.status_code for result in results)

    assert asyncio.run(soak()) == {200: len(ids)}, "whoever stayed has a picture"
    assert len(ids) > REQUESTS / 10
