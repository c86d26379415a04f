"""``tintype bench``, as someone types it, on networks so small that a picture takes a moment."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.e2e.server import Server
from tests.e2e.test_command_line import tintype
from tintype.bench import random_weights
from tintype.engine.accelerate import PASSES
from tintype.engine.checkpoint import Checkpoint

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "z-image-turbo"
SMALL = ("--random-weights", "--layers", 1, "--dim", 128, "--steps", 2, "--rounds", 2)
PARTS = ("text", "step", "decode", "whole")


def measured(file: Path, command: str) -> list[dict[str, Any]]:
    """What was written to ``--json``, after a look at what all of it has."""
    everything = json.loads(file.read_text())
    assert everything["command"] == command
    for fact in ("tintype", "torch", "device", "device_name", "capability", "threads", "memory_bytes", "time"):
        assert everything["machine"][fact], fact
    return everything["results"]


def test_latency_times_each_part_and_sets_it_against_the_machines_own_limit(tmp_path: Path) -> None:
    options = (
        "--size",
        "64x64",
        "--size",
        "96x64",
        "--dtype",
        "fp32",
        "--threads",
        1,
        "--home",
        tmp_path / "home",
        "--json",
        "l.json",
    )
    done = tintype("bench", "latency", *SMALL, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = measured(tmp_path / "l.json", "latency")
    assert (first["size"], second["size"]) == ("64x64", "96x64")
    assert (first["steps"], first["tokens"], first["dtype"], first["device"]) == (2, 40, "float32", "cpu")
    for result in (first, second):
        assert all(len(result["seconds"][part]) == 2 for part in (*PARTS, "encode"))
        middle = result["median"]
        assert 0 < middle["step"] + middle["decode"] < middle["whole"]
        for part in PARTS:
            speed = result["flops"][part] / middle[part]
            assert result["fraction_of_ceiling"][part] == pytest.approx(speed / result["ceiling_flops_per_second"])
        assert result["peak_bytes"] > 100e6, "torch alone has that"
    assert second["flops"]["decode"] == pytest.approx(1.5 * first["flops"]["decode"], rel=0.01)
    assert re.search(r"whole\W+\d\.\d{4}", done.stdout)
    assert not (tmp_path / "home" / "bench" / "random-1x128").exists(), "random weights are deleted"


def test_latency_plans_for_the_largest_size_and_measures_the_first_device(tmp_path: Path) -> None:
    options = ("--model", "postcard", "--size", "64x64", "--size", "1200x1024", "--steps", 1, "--rounds", 1)
    done = tintype("bench", "latency", *options, "--json", "l.json", cwd=tmp_path, TINTYPE_DEVICE="cpu,cpu")
    assert done.returncode == 0, done.stderr
    small, large = measured(tmp_path / "l.json", "latency")
    assert (small["size"], large["size"], large["device"]) == ("64x64", "1200x1024", "cpu")


def test_ablation_has_a_row_for_each_pass_and_the_exact_ones_are_equal(tmp_path: Path) -> None:
    options = ("--size", "64x64", "--home", tmp_path / "home", "--json", "b.json")
    done = tintype("bench", "ablation", *SMALL, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    results = {row["pass"]: row for row in measured(tmp_path / "b.json", "ablation")}
    assert list(results) == ["plain", *(one.name for one in PASSES if "cpu" in one.devices)]
    for row in results.values():
        assert len(row["seconds"]) == 2
        assert row["psnr"] > 20
        assert row["exactness"] == "lossy" or row["psnr"] == float("inf"), row["pass"]
    assert "8-bit" in done.stdout


def test_against_compares_pictures_of_the_same_noise_and_names_who_is_not_here(tmp_path: Path) -> None:
    options = ("--peer", "diffusers-fp32", "--peer", "sglang", "--size", "64x64", "--home", tmp_path / "home")
    done = tintype("bench", "against", *SMALL, *options, "--dtype", "fp32", "--keep", "--json", "a.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    ours, diffusers, absent = measured(tmp_path / "a.json", "against")
    assert (ours["engine"], diffusers["engine"]) == ("tintype none", "diffusers-fp32")
    assert (absent["engine"], absent["trouble"]) == ("sglang", "not installed")
    assert "not measured: sglang: not installed" in done.stdout
    assert float(diffusers["psnr"]["tintype none"]) > 60, "the same picture but for the last bits"
    pairs = zip(diffusers["seconds"]["whole"], ours["seconds"]["whole"], strict=True)
    assert diffusers["ratio"]["tintype none"]["rounds"] == pytest.approx([theirs / mine for theirs, mine in pairs])
    for row in (ours, diffusers):
        assert set(row["median"]) == set(row["fraction_of_ceiling"]) == set(PARTS)
        assert row["peak_bytes"] > 100e6
    assert ours["forecast_bytes"] > 100e6
    assert (tmp_path / "home" / "bench" / "random-1x128" / "tintype.json").is_file(), "kept, as asked"


def test_against_can_start_an_engine_for_each_of_its_turns(tmp_path: Path) -> None:
    options = ("--peer", "vllm-omni", "--size", "64x64", "--no-hold", "--rounds", 1, "--home", tmp_path / "home")
    done = tintype("bench", "against", *SMALL, *options, "--json", "a.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    ours, _ = measured(tmp_path / "a.json", "against")
    assert len(ours["seconds"]["whole"]) == 1


def test_throughput_starts_a_server_and_counts_what_is_answered(tmp_path: Path) -> None:
    options = ("--model", "postcard", "--size", "64x64", "--requests", 12, "--clients", 3, "--json", "t.json")
    done = tintype("bench", "throughput", *options, cwd=tmp_path, TINTYPE_ENGINE="tintype.testing.engine")
    assert done.returncode == 0, done.stderr
    (result,) = measured(tmp_path / "t.json", "throughput")
    assert (result["loop"], result["errors"]) == ("closed", {})
    assert result["server"]["model"] == "flat colours"
    assert result["images_per_second"] == pytest.approx(12 / result["seconds"])
    latency = list(result["latency"].values())
    assert latency == sorted(latency)
    assert 0 < latency[0] <= result["seconds"]


def test_throughput_asks_a_server_that_runs_already(tmp_path: Path, server: Server) -> None:
    options = ("--size", "64x64", "--steps", 1, "--requests", 2, "--rate", 1, "--json", "t.json")
    done = tintype("bench", "throughput", "--url", server.url, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (result,) = measured(tmp_path / "t.json", "throughput")
    assert (result["url"], result["loop"], result["errors"]) == (server.url, "open", {})
    assert result["server"]["model"] == "postcard"
    assert result["inference_median"] < result["latency"]["p100"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("latency", "--size", "large"), ["large", "1024x768"]),
        (("latency", "--random-weights", "--dim", 200), ["200", "128"]),
        (("against", "--acceleration", "warp"), ["warp", "none, regular, high"]),
        (("against", "--peer", "nobody"), ["nobody", "diffusers-fp32", "sd.cpp"]),
        (("against", "--model", "postcard", "--size", "512x512"), ["512x512", "1024x1024"]),
        (("throughput", "--url", "http://127.0.0.1:9"), ["http://127.0.0.1:9", "no Tintype"]),
    ],
)
def test_a_mistake_is_one_plain_line(tmp_path: Path, arguments: tuple[object, ...], words: list[str]) -> None:
    done = tintype("bench", *arguments, cwd=tmp_path)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in last


@pytest.mark.parametrize("part", ["transformer", "text_encoder", "vae"])
def test_random_weights_have_the_published_dimensions(part: str) -> None:
    published = json.loads((GOLDEN / part / "config.json").read_text())
    ours = random_weights.Scale().configs()[part]
    assert {name: published[name] for name in ours} == ours


def test_random_weights_are_the_same_every_time_and_fill_every_tensor_differently(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        random_weights.write(tmp_path / folder, random_weights.Scale(layers=1, dim=128))
    one, other = (Checkpoint.open(tmp_path / folder) for folder in ("a", "b"))
    assert one.checksum == other.checksum
    weights = dict(one.transformer(torch.float32, "cpu").named_parameters())
    norm = weights["layers.0.attention.norm_q.weight"]
    assert 0.9 < norm.mean().item() < 1.1, "unit scale, so that attention is not flat"
    query, key = weights["layers.0.attention.to_q.weight"], weights["layers.0.attention.to_k.weight"]
    assert query.std().item() == pytest.approx(128**-0.5, rel=0.05)
    assert not query.equal(key)
