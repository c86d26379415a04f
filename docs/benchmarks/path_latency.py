"""What Tintype adds to the engine: the whole path with an engine that takes no time, and what polling costs.

    python docs/benchmarks/path_latency.py

Starts `tintype serve` with `tintype.testing.engine` on a durable SQLite file, in a folder below `runs/`
(so on the same disk as a user's data), and measures from outside:

* submit, follow the status stream to COMPLETED, fetch the result: one client, one picture of 64x64, 8 steps;
* for comparison, what one flush of the disk costs at that moment: a request waits for three, one after the other (the
  submitted row, the picture, the finished row);
* 200 clients that ask for the status ten times a second, each of its own request: the server's processor time.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tests.e2e.server import ENDPOINT, Server  # noqa: E402

REQUESTS = 200
CLIENTS, HERTZ, SECONDS = 200, 10, 10
WISH = {"prompt": "x", "image_size": {"width": 64, "height": 64}, "seed": 1}


def main() -> None:
    """Print both tables."""
    (ROOT / "runs").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "runs") as home:
        server = Server(Path(home), settings={"TINTYPE_ENGINE": "tintype.testing.engine"}).start()
        try:
            latency(server)
            asyncio.run(polling(server))
        finally:
            server.stop()


def latency(server: Server) -> None:
    """Submit to result, one after the other, in rounds with a look at the disk between them."""
    print(f"submit to result, n = {REQUESTS // 4} a round")
    print(f"{'round':>5} {'flush, ms':>10} {'median, ms':>11} {'p90':>7} {'min':>7}")
    everything: list[float] = []
    with httpx.Client(base_url=server.url, timeout=30) as http:
        for _ in range(20):
            one_request(http)
        for number in range(4):
            flush = flush_ms(server.home)
            took = sorted(one_request(http) for _ in range(REQUESTS // 4))
            everything += took
            median = statistics.median(took)
            print(f"{number + 1:>5} {flush:>10.2f} {median:>11.1f} {took[len(took) * 9 // 10]:>7.1f} {took[0]:>7.1f}")
    print(f"  all {'':>10} {statistics.median(everything):>11.1f}")


def one_request(http: httpx.Client) -> float:
    """Milliseconds from the submission to the result."""
    started = time.perf_counter()
    submitted = http.post(f"/queue{ENDPOINT}", json=WISH).raise_for_status().json()
    with http.stream("GET", f"{submitted['status_url']}/stream") as events:
        assert any('"COMPLETED"' in line for line in events.iter_lines())
    assert http.get(submitted["response_url"]).raise_for_status().json()["images"]
    return (time.perf_counter() - started) * 1000


def flush_ms(folder: Path) -> float:
    """The median time of writing 4 kB and waiting for the disk."""
    handle = os.open(folder / "flushed", os.O_CREAT | os.O_WRONLY)
    took: list[float] = []
    for _ in range(50):
        os.write(handle, bytes(4096))
        started = time.perf_counter()
        os.fdatasync(handle)
        took.append((time.perf_counter() - started) * 1000)
    os.close(handle)
    return statistics.median(took)


async def polling(server: Server) -> None:
    """Many clients ask how their requests stand, as fal's Python client does, while one long request runs."""
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as http:
        slow = {**WISH, "prompt": "slow:2", "num_inference_steps": 30}
        jobs = [(await http.post(f"/queue{ENDPOINT}", json=slow)).json() for _ in range(CLIENTS)]
        clients = [asyncio.create_task(poll(job["status_url"])) for job in jobs]
        await asyncio.sleep(2)
        before, started = sum(process.cpu_times()[:2]), time.monotonic()
        await asyncio.sleep(SECONDS)
        cores = (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - started)
        for client in clients:
            client.cancel()
        asked = sum(result for result in await asyncio.gather(*clients))
        for job in jobs:
            await http.put(job["cancel_url"])
    print(f"\n{CLIENTS} clients at {HERTZ} Hz: {asked / (SECONDS + 2):.0f} answers a second")
    print(f"the server's processor time: {cores:.2f} cores")


async def poll(url: str) -> int:
    """Ask ten times a second until cancelled; how often it was answered. Raw, so that the client costs little."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    question = f"GET {parts.path}?logs=true HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Key a:b\r\n\r\n".encode()
    answers = 0
    try:
        while True:
            due = asyncio.get_running_loop().time() + 1 / HERTZ
            writer.write(question)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 20"), head
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            answers += 1
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
    except asyncio.CancelledError:
        return answers
    finally:
        writer.close()


if __name__ == "__main__":
    main()
