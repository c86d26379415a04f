"""How many pictures a server answers with, over HTTP through fal's queue, as clients of fal ask for them.

Closed loop: so many clients, each asks again when it has its picture. Open loop: requests come at random times
(Poisson) at a mean rate, whether the earlier ones are done or not.
"""

import asyncio
import contextlib
import json
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.table import Table

from tintype.bench import prompts
from tintype.core import ENDPOINT, Acceleration
from tintype.errors import SetupError

WORDS = 12
"""Of each prompt."""
PORTS = ("--port", "--queue-port", "--tls-port", "--tls-queue-port", "--proxy-port")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of the server."""

    url: str
    key: str
    size: tuple[int, int]
    steps: int
    requests: int
    clients: int
    rate: float | None
    """Requests a second; None: a closed loop of ``clients``."""
    acceleration: Acceleration = "none"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one request."""

    seconds: float
    """From its submission to its result."""
    inference: float | None = None
    """Of these, the engine's."""
    error: str = ""


async def measure(plan: Plan, report: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Send one request that does not count, then all of ``plan``.

    Raises:
        SetupError: the first request was not answered with a picture.
    """
    headers = {"Authorization": f"Key {plan.key}"} if plan.key else {}
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=plan.url, headers=headers, limits=limits, timeout=None) as http:
        first = await ask(http, plan, 0)
        if first.error:
            raise SetupError(f"{plan.url} does not answer with a picture: {first.error}")
        report(f"{plan.requests} requests, " + (f"{plan.rate} a second" if plan.rate else f"{plan.clients} clients"))
        started = time.perf_counter()
        answers = await (_open(http, plan) if plan.rate else _closed(http, plan))
        return _result(plan, answers, time.perf_counter() - started)


async def ask(http: httpx.AsyncClient, plan: Plan, number: int) -> Answer:
    """One request to its end, as fal's ``subscribe`` goes: submit, follow the status stream, fetch the result."""
    wish: dict[str, Any] = {
        "prompt": prompts.prompt(number, WORDS),
        "image_size": {"width": plan.size[0], "height": plan.size[1]},
        "num_inference_steps": plan.steps,
        "seed": number,
        "acceleration": plan.acceleration,
        "enable_safety_checker": False,
    }
    started = time.perf_counter()
    try:
        submitted = (await http.post(f"/queue/{ENDPOINT}", json=wish)).raise_for_status().json()
        async with http.stream("GET", f"{submitted['status_url']}/stream") as events:
            async for line in events.aiter_lines():
                if '"COMPLETED"' in line:
                    break
        answer = (await http.get(submitted["response_url"])).raise_for_status().json()
    except httpx.HTTPStatusError as error:
        return Answer(time.perf_counter() - started, error=f"HTTP {error.response.status_code}")
    except httpx.TransportError as error:
        return Answer(time.perf_counter() - started, error=type(error).__name__)
    return Answer(time.perf_counter() - started, inference=answer.get("timings", {}).get("inference"))


async def _closed(http: httpx.AsyncClient, plan: Plan) -> list[Answer]:
    numbers, answers = iter(range(1, plan.requests + 1)), list[Answer]()

    async def client() -> None:
        for number in numbers:
            answers.append(await ask(http, plan, number))

    await asyncio.gather(*(client() for _ in range(plan.clients)))
    return answers


async def _open(http: httpx.AsyncClient, plan: Plan) -> list[Answer]:
    assert plan.rate is not None
    gaps, waiting = random.Random(1), list[Coroutine[Any, Any, Answer]]()
    due = 0.0
    for number in range(1, plan.requests + 1):
        waiting.append(_after(due, ask(http, plan, number)))
        due += gaps.expovariate(plan.rate)
    return await asyncio.gather(*waiting)


async def _after(seconds: float, work: Coroutine[Any, Any, Answer]) -> Answer:
    await asyncio.sleep(seconds)
    return await work


def _result(plan: Plan, answers: list[Answer], seconds: float) -> dict[str, Any]:
    good = sorted(answer.seconds for answer in answers if not answer.error)
    errors = [answer.error for answer in answers if answer.error]
    inference = [answer.inference for answer in answers if answer.inference is not None]
    return {
        "url": plan.url,
        "loop": "open" if plan.rate else "closed",
        "rate": plan.rate,
        "clients": None if plan.rate else plan.clients,
        "size": f"{plan.size[0]}x{plan.size[1]}",
        "steps": plan.steps,
        "acceleration": plan.acceleration,
        "requests": plan.requests,
        "seconds": seconds,
        "images_per_second": len(good) / seconds,
        "latency": {f"p{share}": percentile(good, share) for share in (50, 90, 99, 100)} if good else {},
        "inference_median": statistics.median(inference) if inference else None,
        "errors": {error: errors.count(error) for error in sorted(set(errors))},
    }


def percentile(ordered: list[float], share: int) -> float:
    """The smallest of ``ordered`` that at least ``share`` percent do not exceed."""
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


@contextlib.contextmanager
def server(model: str, device: str, report: Callable[[str], None]) -> Generator[str]:
    """``tintype serve`` on free ports with a home of its own, which is deleted afterwards; its address.

    Raises:
        SetupError: it did not start; says what it said.
    """
    with tempfile.TemporaryDirectory(prefix="tintype-bench-") as home, contextlib.ExitStack() as stack:
        ports = free_ports(len(PORTS))
        command = [sys.executable, "-m", "tintype", "serve", "--model", model, "--device", device, "--home", home]
        for name, port in zip(PORTS, ports, strict=True):
            command += [name, str(port)]
        log = stack.enter_context((Path(home) / "server.log").open("w+"))
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        stack.callback(_stop, process)
        url = f"http://127.0.0.1:{ports[0]}"
        report(f"starting a server at {url}")
        while not _is_ready(url):
            if process.poll() is not None:
                log.seek(0)
                raise SetupError(f"the server did not start: {log.read().strip()}")
            time.sleep(0.2)
        yield url


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def about(url: str) -> dict[str, Any]:
    """What the server says of itself and its model."""
    try:
        return httpx.get(f"{url}/healthz").json()
    except (httpx.TransportError, json.JSONDecodeError) as error:
        raise SetupError(f"--url {url}: no Tintype answers there ({type(error).__name__})") from error


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()


def table(result: dict[str, Any]) -> Table:
    """One run for people to read; latencies in seconds."""
    loop = f"open, {result['rate']} a second" if result["rate"] else f"closed, {result['clients']} clients"
    title = f"{result['size']}, {result['steps']} steps, {result['acceleration']}, {result['requests']} requests"
    shown = Table("loop", "images/s", *result["latency"], "engine, median", "errors", title=title)
    inference = result["inference_median"]
    shown.add_row(
        loop,
        f"{result['images_per_second']:.3f}",
        *(f"{seconds:.3f}" for seconds in result["latency"].values()),
        "" if inference is None else f"{inference:.3f}",
        ", ".join(f"{count} x {error}" for error, count in result["errors"].items()) or "none",
    )
    return shown
