"""Two workers in one server: they paint side by side, and it does not show in the pictures."""

import time
from pathlib import Path

import httpx
import pytest

from tests.e2e.server import Server
from tests.e2e.test_accidents import files_of, in_mid_picture
from tintype.engine.precision import has_bf16

TWO = ("--device", "cpu,cpu")
WISH = {"prompt": "a red sailboat on a calm sea", "seed": 3, "num_inference_steps": 30}


def test_two_paint_at_once_and_one_goes_on_while_the_other_is_replaced(tmp_path: Path) -> None:
    server = Server(tmp_path / "home", arguments=TWO).start(timeout=120)
    try:
        while [worker["status"] for worker in health(server)["workers"]] != ["ready", "ready"]:
            time.sleep(0.1)
        both = [server.submit(**WISH) for _ in range(2)]
        for submitted in both:
            in_mid_picture(server, submitted)
        assert health(server)["queue"]["running"] == 2
        server.engines[0].kill()
        attempts = [attempts_in(server.wait_for(submitted, timeout=180)) for submitted in both]
        assert sorted(attempts) == [1, 2]
        first, second = map(files_of, both)
        assert first == second
    finally:
        assert server.stop() == 0
    log = (server.home / "server.log").read_text()
    assert f"{'bfloat16' if has_bf16() else 'float32'} on cpu" in log
    assert log.count("ready in ") == 1, "announced once"


def test_what_is_being_written_and_what_is_being_painted_both_survive_a_kill(tmp_path: Path) -> None:
    server = Server(tmp_path / "home", settings={"TINTYPE_ENGINE": "tintype.testing.engine"}).start()
    try:
        large = {"width": 2048, "height": 2048}  # takes a second to encode, and none to paint
        painted = server.submit(prompt="x", image_size=large, output_format="webp", num_inference_steps=1)
        painting = server.submit(prompt="slow:1", num_inference_steps=3)
        deadline = time.monotonic() + 20
        while health(server)["queue"]["running"] < 2:
            assert time.monotonic() < deadline, "the next one is painted only when the last one is written"
        server.kill_everything()
        server.start()
        for submitted in (painted, painting):
            assert "error" not in server.wait_for(submitted)
            assert files_of(submitted)
    finally:
        server.stop()


@pytest.mark.parametrize(("devices", "usable"), [("cuda:9,cpu", True), ("cuda:9,cuda:8", False)])
def test_a_device_that_is_not_there_is_gone_on_without_if_another_is(
    tmp_path: Path, devices: str, usable: bool
) -> None:
    server = Server(tmp_path / "home", arguments=("--device", devices))
    if not usable:
        with pytest.raises(AssertionError, match=r"tintype: device 'cuda:[89]' cannot be used"):
            server.start()
        return
    server.start()
    try:
        first, second = health(server)["workers"]
        assert (first["device"], first["status"]) == ("cuda:9", "failed")
        assert "'cuda:9' cannot be used" in first["phase"]
        assert (second["device"], second["status"], second["phase"]) == ("cpu", "ready", "ready")
        log = (server.home / "server.log").read_text()
        assert "going on without it" in log
        assert "note     cuda:9: device 'cuda:9' cannot be used" in log
        caches = server.engine.environ()
        for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
            assert Path(caches[name]).is_relative_to(server.home)
    finally:
        assert server.stop() == 0


def health(server: Server) -> dict[str, object]:
    return httpx.get(f"{server.url}/healthz").json()


def attempts_in(status: dict[str, object]) -> int:
    return 1 + sum("(attempt " in line["message"] for line in status["logs"])
