import json
import math
import os
import re
import select
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from tintype.engine import weights
from tintype.engine.checkpoint import Checkpoint
from tintype.errors import SetupError
from tintype.model.config import TransformerConfig
from tintype.model.transformer import Transformer

from .tiny_checkpoint import CONFIGS, STEMS, Tensors, built, write, write_checkpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_checkpoint(tmp_path / "tiny")
    return tmp_path / "tiny"


def loader(root: Path, part: str) -> Callable[..., nn.Module]:
    checkpoint = Checkpoint.open(root)
    return {
        "transformer": checkpoint.transformer,
        "text_encoder": checkpoint.text_encoder,
        "vae": checkpoint.autoencoder,
    }[part]


@pytest.mark.parametrize("part", CONFIGS)
@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_network_comes_back_as_it_was_written(folder: Path, part: str, shards: int, dtype: torch.dtype):
    original = built(part, folder).state_dict()
    for file in (folder / part).glob("*.safetensors*"):
        file.unlink()
    write(folder / part, STEMS[part], original, shards)
    network = loader(folder, part)(dtype, "cpu")
    assert {n: v.dtype for n, v in network.state_dict().items()} == dict.fromkeys(original, dtype)
    assert all(torch.equal(value, original[name].to(dtype)) for name, value in network.state_dict().items())
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_progress_counts_every_byte_up_to_the_total(folder: Path):
    seen: list[tuple[int, int]] = []
    network = Checkpoint.open(folder).transformer(torch.bfloat16, "cpu", lambda *both: seen.append(both))
    total = 4 * sum(parameter.numel() for parameter in network.parameters())
    assert [all_bytes for _, all_bytes in seen] == [total] * len(seen)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (total, total)


def changed(folder: Path, part: str, change: Callable[[Tensors], None], shards: int = 3) -> Callable[[], nn.Module]:
    tensors = dict(built(part, folder).state_dict())
    change(tensors)
    write(folder / part, STEMS[part], tensors, shards)
    load = loader(folder, part)
    return lambda: load(torch.float32, "cpu")


@pytest.mark.parametrize("part", CONFIGS)
def test_a_missing_tensor_is_refused_by_name(folder: Path, part: str):
    name = next(iter(built(part, folder).state_dict()))
    load = changed(folder, part, lambda tensors: tensors.pop(name))
    with pytest.raises(SetupError, match=rf"{part}: missing {re.escape(name)}\. Download the checkpoint again"):
        load()


@pytest.mark.parametrize("part", CONFIGS)
def test_a_tensor_too_many_is_refused_by_name(folder: Path, part: str):
    load = changed(folder, part, lambda tensors: tensors.update({"lora.weight": torch.zeros(2)}))
    with pytest.raises(SetupError, match=r"of-00003.safetensors: left over, unknown to \w+: lora.weight\."):
        load()


@pytest.mark.parametrize("part", CONFIGS)
def test_a_tensor_of_another_shape_is_refused_with_both_shapes(folder: Path, part: str):
    name = next(iter(built(part, folder).state_dict()))
    load = changed(folder, part, lambda tensors: tensors.update({name: torch.zeros(3, 2)}))
    with pytest.raises(SetupError, match=rf"{re.escape(name)} is \[3, 2\], expected \["):
        load()


def test_a_quantised_tensor_is_refused(folder: Path):
    load = changed(
        folder,
        "vae",
        lambda t: t.update({"decoder.conv_in.bias": t["decoder.conv_in.bias"].to(torch.float8_e4m3fn)}),
    )
    with pytest.raises(SetupError, match=r"decoder.conv_in.bias is stored as F8_E4M3; only F32, BF16, F16 are read"):
        load()


def test_a_tensor_in_two_shards_is_refused(folder: Path):
    first, second, _ = weights.files(folder / "vae")
    save_file(built("vae", folder).state_dict(), second)
    with pytest.raises(SetupError, match=rf"{second.name}: .* also in {first.name}"):
        loader(folder, "vae")(torch.float32, "cpu")


def test_a_damaged_file_is_refused_by_name(folder: Path):
    file = weights.files(folder / "vae")[1]
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(SetupError, match=rf"{file.name}: damaged or cut short"):
        loader(folder, "vae")(torch.float32, "cpu")


@pytest.mark.parametrize(
    "damage",
    [lambda file: file.unlink(), lambda file: file.write_text("{}"), lambda file: file.write_text("[]")],
)
def test_a_bad_index_or_missing_shard_is_refused_when_the_folder_is_opened(
    folder: Path, damage: Callable[[Path], object]
):
    damage(folder / "vae" / "diffusion_pytorch_model.safetensors.index.json")
    with pytest.raises(SetupError, match=r"no weights found|not a safetensors index"):
        Checkpoint.open(folder)


def test_a_missing_shard_is_named_when_the_folder_is_opened(folder: Path):
    (folder / "vae" / "diffusion_pytorch_model-00002-of-00003.safetensors").unlink()
    with pytest.raises(SetupError, match=r"00002-of-00003.safetensors: missing, but listed in"):
        Checkpoint.open(folder)


def test_shards_joined_into_one_file_are_the_same_network_in_bf16(folder: Path, tmp_path: Path):
    shards = loader(folder, "transformer")(torch.bfloat16, "cpu").state_dict()
    files = weights.files(folder / "transformer")
    assert len(files) == 3
    joined = tmp_path / "joined"
    joined.mkdir()
    weights.join_bf16(files, joined / "model.safetensors")
    config = Checkpoint.open(folder).transformer_config
    network = weights.load(lambda: Transformer(config), joined, torch.bfloat16, "cpu")
    assert all(torch.equal(value, shards[name]) for name, value in network.state_dict().items())


def test_tensors_of_several_shards_are_stacked_into_one(folder: Path, tmp_path: Path):
    parts = loader(folder, "transformer")(torch.bfloat16, "cpu").state_dict()
    names = [f"layers.0.attention.to_{one}.weight" for one in "qkv"]
    joined = tmp_path / "joined.safetensors"
    weights.join_bf16(weights.files(folder / "transformer"), joined, stacks={"qkv": names})
    whole = load_file(joined)
    assert torch.equal(whole.pop("qkv"), torch.cat([parts.pop(name) for name in names]))
    assert whole.keys() == parts.keys()
    assert all(torch.equal(value, parts[name]) for name, value in whole.items())


def test_a_second_copy_of_the_tied_head_is_ignored(folder: Path):
    load = changed(folder, "text_encoder", lambda t: t.update({"lm_head.weight": torch.zeros(50, 32)}))
    network = load()
    assert "lm_head.weight" not in network.state_dict()
    assert torch.equal(network.model.embed_tokens.weight, built("text_encoder", folder).model.embed_tokens.weight)


LOAD = """
import sys
from pathlib import Path
import torch
from tintype.engine import weights
from tintype.model.config import TransformerConfig
from tintype.model.transformer import Transformer

config = TransformerConfig.from_json(Path(sys.argv[1], "config.json"))
print("ready", flush=True)
sys.stdin.readline()
network = weights.load(lambda: Transformer(config), Path(sys.argv[1]), torch.bfloat16, "cpu")
print(sum(p.numel() for p in network.parameters()), max(p.numel() for p in network.parameters()), flush=True)
sys.stdin.readline()
"""


def write_sparse(folder: Path, shapes: dict[str, tuple[int, ...]], shards: int) -> None:
    """Write fp32 zeros as holes in the files: read like any tensor, but taking neither disk nor time."""
    names = list(shapes)
    weight_map: dict[str, str] = {}
    for i in range(shards):
        header, end = {}, 0
        for name in names[i::shards]:
            start, end = end, end + 4 * math.prod(shapes[name])
            header[name] = {"dtype": "F32", "shape": shapes[name], "data_offsets": [start, end]}
        file = folder / f"diffusion_pytorch_model-{i + 1:05}-of-{shards:05}.safetensors"
        weight_map |= dict.fromkeys(header, file.name)
        content = json.dumps(header).encode()
        content += b" " * (-len(content) % 8)
        file.write_bytes(struct.pack("<Q", len(content)) + content)
        os.truncate(file, 8 + len(content) + end)
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))


def anonymous_memory(pid: int) -> int:
    """Bytes that belong to the process alone: not the mapped files, which the kernel can take back."""
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(re.findall(r"RssAnon:\s+(\d+) kB", status)[0])


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory use from /proc")
def test_loading_never_holds_more_than_the_network_and_one_tensor(tmp_path: Path):
    """3 GB of fp32 in three shards, loaded as 1.5 GB of bf16."""
    config = {**CONFIGS["transformer"], "dim": 3840, "n_heads": 30, "n_kv_heads": 30, "n_layers": 2}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with torch.device("meta"):
        network = Transformer(TransformerConfig.from_json(tmp_path / "config.json"))
    write_sparse(tmp_path, {name: tuple(value.shape) for name, value in network.named_parameters()}, shards=3)
    process = subprocess.Popen(
        [sys.executable, "-c", LOAD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        before = peak = anonymous_memory(process.pid)
        process.stdin.write("go\n")
        process.stdin.flush()
        while not select.select([process.stdout], [], [], 0.01)[0]:
            peak = max(peak, anonymous_memory(process.pid))
        elements, largest = map(int, process.stdout.readline().split())
        peak = max(peak, anonymous_memory(process.pid))
        process.stdin.close()
    assert 4 * elements > 2.8e9
    assert 2 * elements < peak - before < 2 * elements + 4 * largest + 64e6
