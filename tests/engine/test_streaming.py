"""What is streamed gives the same bits as what is resident. On a CPU the weights come from the mapped file."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from tintype.engine import mapped, placing
from tintype.engine.captions import Captions
from tintype.engine.checkpoint import Checkpoint
from tintype.engine.expansion import Expanded
from tintype.engine.pipeline import Picture, Pipeline, plan_for
from tintype.engine.plan import Layout, Plan
from tintype.model.text_encoder import TextEncoder
from tintype.model.transformer import Transformer
from tintype.models import POSTCARD

from .tiny_checkpoint import write_checkpoint

CPU = torch.device("cpu")
pytestmark = pytest.mark.usefixtures("one_thread")


def postcard(layout: Layout, folder: Path = POSTCARD) -> Pipeline:
    plan = plan_for(folder, CPU, memory=8, max_pixels=1024**2, checks=False)
    return Pipeline.load(folder, plan=replace(plan, layout=layout))


def painted(pipeline: Pipeline) -> tuple[str, list[np.ndarray]]:
    """An expanded prompt and a picture of it."""
    events = list(pipeline.paint("a red house", 1024, 768, steps=1, seed=3, expand=True))
    [prompt] = [event.prompt for event in events if isinstance(event, Expanded)]
    return prompt, [event.pixels for event in events if isinstance(event, Picture)]


@pytest.fixture(scope="module")
def resident() -> tuple[str, list[np.ndarray]]:
    return painted(postcard(Layout.RESIDENT))


@pytest.mark.parametrize("layout", [Layout.TEXT_STREAMED, Layout.SEQUENTIAL])
def test_prompts_and_pictures_are_the_same_bit_for_bit(layout: Layout, resident: tuple[str, list[np.ndarray]]) -> None:
    prompt, pictures = painted(postcard(layout))
    assert prompt == resident[0]
    for picture, other in zip(pictures, resident[1], strict=True):
        assert np.array_equal(picture, other)


@pytest.fixture
def tiny(tmp_path: Path) -> Checkpoint:
    """Five blocks in three shards, in fp32."""
    write_checkpoint(tmp_path / "tiny")
    return Checkpoint.open(tmp_path / "tiny")


def plan(checkpoint: Checkpoint, layout: Layout) -> Plan:
    found = plan_for(checkpoint.folder, CPU, memory=8, max_pixels=1024**2, checks=False)
    return replace(found, layout=layout)


@torch.inference_mode()
def outputs(encoder: TextEncoder, transformer: Transformer, dtype: torch.dtype) -> list[Tensor]:
    ids = torch.tensor([[1, 7, 30, 2]])
    features = encoder(ids)
    caption = transformer.refine_caption(features)
    latents = torch.randn(1, 4, 8, 6, generator=torch.Generator().manual_seed(1)).to(dtype)
    cache = encoder.cache(8)
    return [
        features,
        *(transformer(latents, torch.tensor([time]), caption) for time in (0.2, 0.7)),
        encoder.next_logits(ids, cache),
        encoder.next_logits(ids[:, :1], cache),
    ]


def renamed(folder: Path) -> None:
    """As ``save_pretrained`` of diffusers names the text encoder's tensors."""
    tensors = {}
    for file in folder.glob("model*.safetensors"):
        tensors |= {name.removeprefix("model."): tensor for name, tensor in load_file(file).items()}
        file.unlink()
    (folder / "model.safetensors.index.json").unlink()
    save_file(tensors, folder / "model.safetensors")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("bare", [False, True], ids=["published names", "bare names"])
def test_networks_give_the_same_bits_in_the_files_dtype_and_another(
    tiny: Checkpoint, dtype: torch.dtype, bare: bool
) -> None:
    if bare:
        renamed(tiny.folder / "text_encoder")
    plain = outputs(*placing.networks(tiny, None, dtype, CPU), dtype)
    streamed = outputs(*placing.networks(tiny, plan(tiny, Layout.SEQUENTIAL), dtype, CPU), dtype)
    for one, other in zip(plain, streamed, strict=True):
        assert one.dtype == other.dtype
        assert torch.equal(one, other)


def test_nothing_of_cuda_is_touched_for_another_device(tiny: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    streamed = placing.networks(tiny, plan(tiny, Layout.SEQUENTIAL), torch.float32, CPU)
    monkeypatch.delattr(torch.cuda, "stream")
    outputs(*streamed, torch.float32)


def test_blocks_rest_in_their_file_between_runs(tiny: Checkpoint) -> None:
    encoder, transformer = placing.networks(tiny, plan(tiny, Layout.SEQUENTIAL), torch.bfloat16, CPU)
    blocks = [*encoder.model.layers, *transformer.layers, *transformer.noise_refiner, *transformer.context_refiner]
    for _ in range(2):
        for parameter in (parameter for block in blocks for parameter in block.parameters()):
            assert parameter.dtype is torch.float32  # the file's
        outputs(encoder, transformer, torch.bfloat16)
    resting = encoder.model.layers[0].get_parameter("mlp.up_proj.weight")
    shards = [mapped.tensors(file) for file in sorted((tiny.folder / "text_encoder").glob("*.safetensors"))]
    [home] = [homes[name] for homes in shards for name in homes if name == "model.layers.0.mlp.up_proj.weight"]
    assert torch.equal(resting, home.tensor)


def test_a_block_is_shrunk_as_soon_as_it_is_there(tiny: Checkpoint) -> None:
    whole: list[bool] = []

    def shrink(block: nn.Module) -> None:
        whole.append(all(parameter.dtype is torch.bfloat16 for parameter in block.parameters()))

    eight_bit = plan(tiny, Layout.EIGHT_BIT_TEXT_STREAMED)
    plain = outputs(*placing.networks(tiny, None, torch.bfloat16, CPU), torch.bfloat16)
    shrunk = outputs(*placing.networks(tiny, eight_bit, torch.bfloat16, CPU, shrink=shrink), torch.bfloat16)
    assert whole == [True] * 3  # one block of each kind
    assert all(torch.equal(one, other) for one, other in zip(plain, shrunk, strict=True))


@pytest.mark.parametrize("layout", [Layout.RESIDENT, Layout.TEXT_STREAMED])
def test_damage_is_found_wherever_the_text_encoder_lies(tmp_path: Path, layout: Layout) -> None:
    folder = shutil.copytree(POSTCARD, tmp_path / "postcard")
    file = folder / "text_encoder" / "model.safetensors"
    tensors = load_file(file)
    tensors["model.layers.3.mlp.up_proj.weight"].view(-1)[1000:100_000] = 0
    save_file(tensors, file)
    trouble = postcard(layout, folder).expander.trouble
    assert trouble is not None
    assert "model.layers.3.mlp.up_proj.weight" in trouble


def resident_bytes() -> int:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["RssFile"].split()[0]) * 1024


def test_a_tensor_that_was_read_is_no_memory_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "one.safetensors"
    save_file({"first": torch.ones(3), "second": torch.arange(8_000_000.0)}, file)
    homes = mapped.tensors(file)
    before = resident_bytes()
    total = homes["second"].tensor.sum()
    assert resident_bytes() > before + 20_000_000
    homes["second"].release()
    assert resident_bytes() < before + 2_000_000
    homes["second"].expect()
    assert homes["second"].tensor.sum() == total
    assert homes["first"].tensor.tolist() == [1, 1, 1]


def test_a_tensor_in_a_dtype_that_is_not_read_is_left_out(tmp_path: Path) -> None:
    save_file({"weight": torch.ones(2), "scale": torch.ones(2, dtype=torch.int8)}, tmp_path / "some.safetensors")
    assert list(mapped.tensors(tmp_path / "some.safetensors")) == ["weight"]


def test_a_prompt_is_read_once_until_many_others_were() -> None:
    reads: list[str] = []

    def read(prompt: str) -> Tensor:
        reads.append(prompt)
        return torch.tensor(len(reads))

    captions, of = Captions(), Captions.of
    assert of(captions, "a", read, 4) is of(captions, "a", read, 4)
    for number in range(4):
        of(captions, str(number), read, 4)
    of(captions, "a", read, 4)
    assert reads == ["a", *map(str, range(4)), "a"]
