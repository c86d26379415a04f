"""fal's clients send files. Python's always asks fal's own hosts for that, so a proxy leads it here."""

import contextlib
import hashlib
import random
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conformance.clients import Clients
from tests.conformance.crossing import crossing
from tests.conformance.names import Names
from tests.e2e.server import Server

MB = 2**20
CDN = "v3.fal.media"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _made(tmp_path_factory.mktemp("small") / "a small.txt", MB + 1)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    file = _made(tmp_path_factory.mktemp("big") / "big.mp4", 101 * MB)
    yield file
    file.unlink()


def _made(file: Path, size: int) -> Path:
    """Pseudo-random, so that no two parts are alike."""
    numbers = random.Random(size)
    with file.open("wb") as out:
        for start in range(0, size, MB):
            out.write(numbers.randbytes(min(MB, size - start)))
    return file


def _sha256(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


@pytest.mark.case("C66")
@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_small_file_goes_whole(fake: Server, trust: dict[str, str], clients: Clients, small: Path, how: str) -> None:
    with crossing(fake) as proxy:
        said = clients.python("upload.py", str(small), how, HTTPS_PROXY=proxy, **trust)
    assert said["requests"] == (
        ["POST /storage/auth/token?storage_type=fal-cdn-v3 200", "POST /files/upload 200"] if how == "sync" else []
    )
    assert said["url"].startswith(f"https://{CDN}/files/uploads/")
    assert said["url"].endswith("/a_small.txt")
    assert (said["status"], said["content_type"], said["content_length"]) == (200, "text/plain", MB + 1)
    assert said["sha256"] == _sha256(small)


@pytest.mark.case("C66")
def test_a_big_file_goes_in_parts_and_takes_little_memory(
    fake: Server, trust: dict[str, str], clients: Clients, small: Path, big: Path
) -> None:
    with crossing(fake) as proxy:
        clients.python("upload.py", str(small), "sync", HTTPS_PROXY=proxy, **trust)  # what the first one loads, stays
        with _growth(fake) as grown:
            said = clients.python("upload.py", str(big), "sync", HTTPS_PROXY=proxy, **trust)
    parts = [request for request in said["requests"] if request.startswith("PUT ")]
    assert len(parts) == 11
    assert all(request.endswith(" 200") for request in said["requests"])
    assert said["requests"][-1].startswith("POST ")
    assert said["requests"][-1].partition("?")[0].endswith("/complete 200")
    assert (said["content_type"], said["content_length"]) == ("video/mp4", 101 * MB)
    assert said["sha256"] == _sha256(big)
    assert max(grown) < 40 * MB, f"{max(grown) / MB:.0f} MB"
    print(f"the server's memory grew by {max(grown) / MB:.0f} MB")
    assert not [file for file in _files(fake) if {"parts", "spool"} & set(file.parts)]


@pytest.mark.case("C68")
@pytest.mark.parametrize("how", ["sync", "async"])
def test_when_the_first_store_is_broken_the_next_one_is_used(
    fake: Server, trust: dict[str, str], clients: Clients, small: Path, how: str
) -> None:
    with crossing(fake, broken=[CDN]) as proxy:
        said = clients.python("upload.py", str(small), how, HTTPS_PROXY=proxy, **trust)
    if how == "sync":
        assert said["requests"][1:3] == ["POST /files/upload 500", "POST /storage/upload/initiate?storage_type=gcs 200"]
        assert said["requests"][3].startswith("PUT /files/uploads/")
    assert said["url"].startswith("https://rest.fal.ai/files/uploads/")
    assert (said["status"], said["content_type"]) == (200, "text/plain")
    assert said["sha256"] == _sha256(small)


@pytest.mark.case("C67")
def test_node_uploads_small_and_in_parts_and_inside_an_input(clients: Clients, names: Names) -> None:
    told = clients.node("upload.mjs", str(91 * MB), names=names)
    for sent in (told["little"], told["parts"]):
        assert (sent["back"]["size"], sent["back"]["sha256"]) == (sent["size"], sent["sha256"])
    assert told["little"]["back"]["content_type"].startswith("text/plain")
    assert told["little"]["requests"] == ["POST 200", "PUT 200"]
    assert told["parts"]["requests"] == ["POST 200", *["PUT 200"] * 10, "POST 200"]
    assert told["inside"] == {"images": 1, "uploads": 1}


@pytest.mark.skipif(not hasattr(psutil, "RLIMIT_FSIZE"), reason="a disk can be made to look full on Linux only")
def test_a_full_disk_is_a_clear_error_and_leaves_nothing(fresh: Server) -> None:
    """The kernel lets the server write no file larger than 8 MB; the upload is of 9 MB."""
    assert fresh.process is not None
    server = psutil.Process(fresh.process.pid)
    server.rlimit(psutil.RLIMIT_FSIZE, (8 * MB, psutil.RLIM_INFINITY))
    answer = httpx.post(f"{fresh.url}/files/upload", content=bytes(9 * MB), timeout=30)
    assert (answer.status_code, answer.json()["error_type"]) == (507, "internal_error")
    assert answer.json()["detail"] == "The file cannot be stored: File too large"
    assert _files(fresh) == []
    server.rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))
    assert httpx.post(f"{fresh.url}/files/upload", content=bytes(9 * MB), timeout=30).status_code == 200
    [file] = _files(fresh)
    assert file.stat().st_size == 9 * MB


def _files(server: Server) -> list[Path]:
    return [path for path in (server.home / "files").rglob("*") if path.is_file()]


@contextlib.contextmanager
def _growth(server: Server) -> Generator[list[int]]:
    """By how many bytes the server's memory exceeds what it was, again and again while the block runs."""
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    before, over, seen = process.memory_info().rss, threading.Event(), [0]

    def watch() -> None:
        while not over.wait(0.02):
            seen.append(process.memory_info().rss - before)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
