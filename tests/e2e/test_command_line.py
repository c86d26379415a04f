"""The commands, as someone types them."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.e2e.server import TINTYPE, Server, clean_environment
from tests.engine.tiny_checkpoint import write_checkpoint


def tintype(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TINTYPE, *map(str, arguments)],
        cwd=cwd,
        env=clean_environment() | {"XDG_DATA_HOME": str(cwd / "data"), "COLUMNS": "120"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(float)


def test_generate_shows_steps_and_writes_a_sunset_over_a_sea(tmp_path: Path) -> None:
    done = tintype("generate", "a red sailboat on a calm sea at sunset", "-o", "boat.png", "--seed", 1, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "8/8 steps" in done.stderr
    assert re.search(r"seed 1\b", done.stderr)
    assert re.search(r"\d+\.\d+ s on cpu", done.stderr)
    picture = pixels(tmp_path / "boat.png")
    assert picture.shape == (768, 1024, 3)
    sky, sea = picture[:300].mean((0, 1)), picture[-150:].mean((0, 1))
    assert sky[0] > sky[2] + 20, "a sunset's sky is more red than blue"
    assert np.abs(sky - sea).max() > 15, "sky and sea differ"


def test_generate_writes_several_pictures_in_any_format(tmp_path: Path) -> None:
    done = tintype(
        *("generate", "a house", "-o", "house.webp", "-n", 2, "--width", 300, "--height", 200, "--steps", 2),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    for name in ("house-1.webp", "house-2.webp"):
        with Image.open(tmp_path / name) as picture:
            assert (picture.format, picture.size) == ("WEBP", (300, 200))


def test_generate_can_expand_the_prompt_first_and_prints_it(tmp_path: Path) -> None:
    options = ("-o", "house.png", "--steps", 1, "--width", 300, "--height", 200, "--seed", 1)
    done = tintype("generate", "a red house at night", *options, "--expand", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^expansion: A .{40,}\.$", done.stderr, re.MULTILINE)
    assert pixels(tmp_path / "house.png").shape == (200, 300, 3)


def test_four_prompts_that_differ_in_one_word_give_four_visibly_different_pictures(tmp_path: Path) -> None:
    pictures: list[np.ndarray] = []
    for word in ("day", "sunset", "night", "dawn"):
        done = tintype("generate", f"a house on grass at {word}", "-o", f"{word}.png", "--seed", 4, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        pictures.append(pixels(tmp_path / f"{word}.png"))
    for i, one in enumerate(pictures):
        for other in pictures[i + 1 :]:
            assert np.abs(one - other).mean() > 10


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("generate", "x", "-o", "x.gif"), ["x.gif", ".png", ".webp"]),
        (("serve", "--memory", "much"), ["memory", "much", "number"]),
        (("generate", "x", "--model", "nowhere"), ["nowhere", "postcard", "z-image-turbo"]),
        (("generate", "x", "--model", "z-image-turbo"), ["not on this machine", "tintype pull z-image-turbo"]),
        (("serve", "--host", "0.0.0.0"), ["0.0.0.0", "without API keys", "tintype keys create"]),
        (("keys", "revoke", "abc"), ["no key abc", "tintype keys list"]),
    ],
)
def test_a_mistake_is_one_plain_line(tmp_path: Path, arguments: tuple[str, ...], words: list[str]) -> None:
    done = tintype(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr


def test_a_picture_that_does_not_fit_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "tiny")  # without a vocabulary, so it cannot be loaded
    options = ("--model", "tiny", "--width", 4000, "--height", 2000)
    done = tintype("generate", "x", *options, cwd=tmp_path, TINTYPE_MEMORY="1")
    assert done.returncode == 1
    *_, plan, last = done.stderr.strip().splitlines()
    assert plan.startswith("memory: ")
    fits = re.fullmatch(r"tintype: --width 4000 --height 2000: .* at most (\d+)x(\d+) fit\. .*TINTYPE_MEMORY", last)
    assert fits
    assert 1000 < int(fits[1]) < 4000, "in bf16 more than in fp32"
    assert abs(int(fits[1]) - 2 * int(fits[2])) <= 2


def test_an_unknown_setting_in_the_environment_is_named_with_its_neighbour(tmp_path: Path) -> None:
    done = tintype("serve", cwd=tmp_path, TINTYPE_PROT="8001")
    assert done.returncode == 1
    assert "TINTYPE_PROT" in done.stderr
    assert "TINTYPE_PORT" in done.stderr


def test_the_banner_says_where_and_what_and_that_it_was_quick(server: Server) -> None:
    banner = (server.home / "server.log").read_text()
    assert f"http://127.0.0.1:{server.port}/fal-ai/z-image/turbo" in banner
    assert re.search(r"model\s+postcard \S+, checksum [0-9a-f]{16}", banner)
    ready = re.search(r"ready in (\d+\.\d) s", banner)
    assert ready
    assert float(ready[1]) < 15


def test_a_port_in_use_is_said(server: Server, tmp_path: Path) -> None:
    done = tintype("serve", "--port", server.port, "--tls-port", server.tls_port, cwd=tmp_path)
    assert done.returncode == 1
    assert f"127.0.0.1:{server.port}" in done.stderr


def test_keys_are_made_listed_and_revoked(tmp_path: Path) -> None:
    key = tintype("keys", "create", "laptop", cwd=tmp_path).stdout.strip()
    key_id, _, secret = key.partition(":")
    assert len(secret) > 30
    listed = tintype("keys", "list", cwd=tmp_path).stdout
    assert key_id in listed
    assert "laptop" in listed
    assert secret not in listed
    assert tintype("keys", "revoke", key_id, cwd=tmp_path).returncode == 0
    assert key_id not in tintype("keys", "list", cwd=tmp_path).stdout


def test_doctor_finds_the_bundled_model_well_and_prints_settings_with_their_source(tmp_path: Path) -> None:
    done = tintype("doctor", "--memory", 5, cwd=tmp_path, TINTYPE_MAX_PIXELS="1000000")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"good\s+cpu: ", done.stdout)
    assert re.search(r"checksum [0-9a-f]{16}", done.stdout)
    assert re.search(r"checker on: .*safety_checker, a choice of normal and nsfw", done.stdout)
    assert re.search(r"memory  all networks on the device; at most 0\.\d\d of 5\.00 GB on cpu: text enc", done.stdout)
    assert re.search(r"memory\W+5\.0\W+flag", done.stdout)
    assert re.search(r"max_pixels\W+1000000\W+environment", done.stdout)
    assert re.search(r"port\W+8000\W+default", done.stdout)


def test_doctor_plans_for_each_device_that_the_server_would_paint_on(tmp_path: Path) -> None:
    done = tintype("doctor", cwd=tmp_path, TINTYPE_DEVICE="cpu, cpu:0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "workers cpu, cpu:0" in done.stdout
    assert re.findall(r"^memory  .* GB on (\S+): ", done.stdout, re.MULTILINE) == ["cpu", "cpu:0"]


def test_env_prints_lines_for_a_shell(server: Server) -> None:
    environment = server.environment()
    assert environment["FAL_RUN_HOST"] == f"localhost:{server.tls_port}/run"
    assert environment["FAL_QUEUE_RUN_HOST"] == f"localhost:{server.tls_port}/queue"
    assert Path(environment["SSL_CERT_FILE"]).read_text().count("BEGIN CERTIFICATE") > 100
    assert Path(environment["NODE_EXTRA_CA_CERTS"]).read_text().count("BEGIN CERTIFICATE") == 1


def test_private_keys_are_private(server: Server) -> None:
    for name in ("ca.key", "server.key"):
        assert (server.home / "tls" / name).stat().st_mode & 0o777 == 0o600
