"""Processes die at any moment; requests do not."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.server import ENDPOINT, Server

LONG = {"prompt": "a red sailboat on a calm sea", "seed": 3, "num_inference_steps": 30, "num_images": 2}


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Server]:
    """A server that the test may kill."""
    running = Server(tmp_path / "home").start()
    yield running
    running.stop()


def in_mid_picture(server: Server, submitted: dict[str, str]) -> None:
    """Wait until some steps are done."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        status = httpx.get(submitted["status_url"], params={"logs": 1}).json()
        if sum("step" in line["message"] for line in status.get("logs") or []) > 3:
            assert status["status"] == "IN_PROGRESS"
            return
        time.sleep(0.02)
    raise TimeoutError


def files_of(submitted: dict[str, str]) -> list[bytes]:
    output = httpx.get(submitted["response_url"]).raise_for_status().json()
    return [httpx.get(image["url"]).raise_for_status().content for image in output["images"]]


def test_a_killed_engine_is_replaced_and_the_waiting_caller_only_waits(mortal: Server) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(httpx.post, f"{mortal.url}{ENDPOINT}", json=LONG, timeout=180)
        while httpx.get(f"{mortal.url}/healthz").json()["queue"]["running"] == 0:
            time.sleep(0.02)
        queued = mortal.submit(prompt="a house", image_size="square")
        time.sleep(0.3)
        assert not waiting.done()
        mortal.engine.kill()
        assert waiting.result().status_code == 200
    assert mortal.wait_for(queued, timeout=120)["status"] == "COMPLETED"
    assert files_of(queued)


def test_after_a_killed_engine_the_picture_is_the_same(mortal: Server) -> None:
    undisturbed = mortal.submit(**LONG)
    mortal.wait_for(undisturbed, timeout=120)
    disturbed = mortal.submit(**LONG)
    in_mid_picture(mortal, disturbed)
    mortal.engine.kill()
    status = mortal.wait_for(disturbed, timeout=180)
    assert any("attempt 2" in line["message"] for line in status["logs"])
    assert files_of(disturbed) == files_of(undisturbed)


@pytest.mark.case("C38")
def test_after_everything_was_killed_accepted_requests_are_finished(mortal: Server) -> None:
    finished = mortal.submit(prompt="a pine", image_size="square")
    mortal.wait_for(finished)
    before = files_of(finished)
    running = mortal.submit(**LONG)
    waiting = [mortal.submit(prompt=f"tree number {n}", image_size="square") for n in range(3)]
    in_mid_picture(mortal, running)
    mortal.kill_everything()
    mortal.start()
    for submitted in (running, *waiting):
        assert "error" not in mortal.wait_for(submitted, timeout=180)
        assert files_of(submitted)
    assert files_of(finished) == before


@pytest.mark.case("C31")
def test_a_running_request_can_be_cancelled_within_a_step(mortal: Server) -> None:
    submitted = mortal.submit(**LONG | {"num_images": 4})
    in_mid_picture(mortal, submitted)
    asked = httpx.put(submitted["cancel_url"])
    assert asked.status_code == 202
    status = mortal.wait_for(submitted, timeout=10)
    assert status["error_type"] == "client_cancelled"
    assert httpx.get(submitted["response_url"]).status_code == 499
    steps = sum("step" in line["message"] for line in status["logs"])
    assert steps < 60
    assert not list((mortal.home / "files").rglob(f"{submitted['request_id']}/*/*"))


def test_whoever_waits_when_the_server_is_stopped_is_told_so(mortal: Server) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(httpx.post, f"{mortal.url}{ENDPOINT}", json=LONG, timeout=60)
        while httpx.get(f"{mortal.url}/healthz").json()["queue"]["running"] == 0:
            time.sleep(0.02)
        queued = mortal.submit(prompt="a house", image_size="square")
        assert mortal.stop() == 0
        answer = waiting.result()
    assert (answer.status_code, answer.json()["error_type"]) == (503, "runner_disconnected")
    assert answer.headers["x-fal-request-id"]
    assert "Traceback" not in (mortal.home / "server.log").read_text()
    mortal.start()
    assert "error" not in mortal.wait_for(queued)


@pytest.mark.skipif(not hasattr(psutil, "RLIMIT_FSIZE"), reason="a disk can be made to look full on Linux only")
def test_a_disk_without_room_for_the_database_is_said_and_survived(mortal: Server) -> None:
    """The kernel lets the server's files grow no more."""
    assert mortal.process is not None
    server, endless = psutil.Process(mortal.process.pid), (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY)
    running = mortal.submit(**LONG)
    in_mid_picture(mortal, running)
    written = (mortal.home / "tintype.db-wal").stat().st_size
    server.rlimit(psutil.RLIMIT_FSIZE, (written, psutil.RLIM_INFINITY))
    refused = httpx.post(f"{mortal.url}/queue{ENDPOINT}", json={"prompt": "x" * 100_000})
    assert (refused.status_code, refused.json()["error_type"]) == (503, "internal_error")
    assert "The database cannot be used now" in refused.json()["detail"]
    time.sleep(3)
    server.rlimit(psutil.RLIMIT_FSIZE, endless)
    mortal.wait_for(running, timeout=120)
    later = mortal.submit(prompt="a house", image_size="square")
    assert "error" not in mortal.wait_for(later)
    assert mortal.stop() == 0


def test_a_second_server_in_the_same_home_is_refused(mortal: Server) -> None:
    with pytest.raises(AssertionError, match="Another Tintype server is running"):
        Server(mortal.home).start()
