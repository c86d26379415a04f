"""What the planner chooses for Z-Image-Turbo in its full size, from headers without weights."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from tintype.engine.accelerate import meanings, without
from tintype.engine.checkpoint import Checkpoint
from tintype.engine.footprint import Footprint
from tintype.engine.pipeline import Pipeline, plan_for
from tintype.engine.plan import GB, Layout, Plan, choose, planned
from tintype.errors import InputRefused, SetupError
from tintype.models import POSTCARD

from .sparse_checkpoint import write_published

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "memory.md"
REAL = ROOT.parent / "shared" / "z-image"
BUDGETS = (24, 16, 12, 8)
CPU, CUDA, MPS = (torch.device(name) for name in ("cpu", "cuda", "mps"))
MEGAPIXEL, DEFAULT = 1024 * 1024, 2048 * 2048


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return Checkpoint.open(write_published(tmp_path_factory.mktemp("models") / "z-image-turbo"))


@pytest.fixture(scope="module")
def needs(checkpoint: Checkpoint) -> Footprint:
    return Footprint.of(checkpoint, torch.bfloat16, checks=True)


def table(needs: Footprint) -> str:
    """The page's table: for each budget what is chosen, the forecast, and the largest picture."""
    lines = ["| `memory` | `max_pixels` | on CUDA | on a CPU |", "| --- | --- | --- | --- |"]
    for budget in BUDGETS:
        for pixels in (MEGAPIXEL, DEFAULT):
            plans = [choose(needs, device, budget * GB, pixels) for device in (CUDA, CPU)]
            lines.append(f"| {budget} | {pixels} | {cell(plans[0])} | {cell(plans[1])} |")
    return "\n".join(lines) + "\n"


def cell(plan: Plan) -> str:
    limit = f", pictures up to {plan.pixels / 1e6:.1f} million pixels" if plan.pixels < plan.wanted_pixels else ""
    return f"{plan.layout.value}: {plan.peak() / GB:.1f} GB{limit}"


def test_the_page_states_the_plans(needs: Footprint) -> None:
    assert table(needs) in PAGE.read_text(), "the page's table must be\n" + table(needs)


def test_networks_are_counted_by_their_headers(needs: Footprint) -> None:
    assert needs.transformer.total == 2 * 6_154_908_736
    assert needs.text_encoder.total == 2 * 4_022_468_096
    assert needs.autoencoder.total == 2 * 83_819_683
    assert needs.text_encoder.table == 2 * 151_936 * 2560
    assert needs.transformer.largest == 2 * 180_910_336
    assert needs.transformer.total - needs.transformer.blocks < 0.03 * GB
    assert 6.2 * GB < needs.transformer.eight_bit < 6.35 * GB
    assert needs.checker.total == 343_200_776


def test_they_are_as_large_as_the_index_files_of_the_checkpoint_say(needs: Footprint) -> None:
    sizes = {"text_encoder/model": needs.text_encoder.total, "transformer/diffusion_pytorch_model": None}
    for name in sizes:
        if not (REAL / f"{name}.safetensors.index.json").is_file():
            pytest.skip(f"the index files of Z-Image-Turbo are not at {REAL}; they are not part of this repository")
    said = {
        name: json.loads((REAL / f"{name}.safetensors.index.json").read_text())["metadata"]["total_size"]
        for name in sizes
    }
    assert said["text_encoder/model"] == needs.text_encoder.total
    assert said["transformer/diffusion_pytorch_model"] == 2 * needs.transformer.total  # stored in fp32


@pytest.mark.parametrize(
    ("budget", "device", "layout"),
    [
        (32, CUDA, Layout.RESIDENT),
        (24, CUDA, Layout.RESIDENT),
        (20, CUDA, Layout.TEXT_STREAMED),
        (16, CUDA, Layout.EIGHT_BIT_TEXT_STREAMED),
        (12, CUDA, Layout.EIGHT_BIT_TEXT_STREAMED),
        (8, CUDA, Layout.SEQUENTIAL),
        (16, CPU, Layout.TEXT_STREAMED),
        (14, CPU, Layout.EIGHT_BIT_TEXT_STREAMED),
        (12, MPS, Layout.SEQUENTIAL),
    ],
)
def test_the_best_layout_that_fits_is_chosen(
    needs: Footprint, budget: int, device: torch.device, layout: Layout
) -> None:
    plan = choose(needs, device, budget * GB, MEGAPIXEL)
    assert plan.layout is layout
    assert plan.pixels == MEGAPIXEL
    assert plan.eight_bit == ("8 bits" in plan.layout.value)


def test_eight_bits_with_the_text_encoder_on_the_device_where_that_is_the_smaller_part(needs: Footprint) -> None:
    small = replace(needs, text_encoder=replace(needs.text_encoder, total=GB, blocks=GB // 2, table=GB // 4))
    assert choose(small, CUDA, 12 * GB, MEGAPIXEL).layout is Layout.EIGHT_BIT


@pytest.mark.parametrize("device", [CPU, CUDA, MPS], ids=str)
@pytest.mark.parametrize("pixels", [MEGAPIXEL, DEFAULT])
def test_a_plan_keeps_within_its_budget_and_more_memory_is_a_better_layout_or_larger_pictures(
    needs: Footprint, device: torch.device, pixels: int
) -> None:
    order = list(Layout)
    plans = [choose(needs, device, gigabytes * GB, pixels) for gigabytes in range(5, 40)]
    assert all(plan.peak() <= plan.budget for plan in plans)
    assert all(plan.peak(plan.pixels + 1000) > plan.budget for plan in plans if plan.pixels < pixels)
    for less, more in pairwise(plans):
        assert order.index(more.layout) <= order.index(less.layout)
        assert more.layout is not less.layout or more.pixels >= less.pixels


@pytest.mark.parametrize(
    ("capability", "layout"), [((7, 0), Layout.SEQUENTIAL), ((7, 5), Layout.EIGHT_BIT_TEXT_STREAMED)]
)
def test_a_gpu_that_is_here_is_asked_whether_it_multiplies_in_eight_bits(
    needs: Footprint, monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], layout: Layout
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert choose(needs, CUDA, 12 * GB, MEGAPIXEL).layout is layout


def test_a_device_without_products_in_eight_bits_blames_no_memory_for_it(needs: Footprint) -> None:
    plan = choose(needs, MPS, 40 * GB, MEGAPIXEL)
    assert meanings(MPS, torch.bfloat16, plan)["regular"] == "as none; nothing is faster here"


def test_the_line_that_is_printed_adds_up(needs: Footprint) -> None:
    text = str(choose(needs, CUDA, 24 * GB, MEGAPIXEL))
    head, parts = text.split(" GB on cuda: ")
    assert head.startswith("all networks on the device; at most 23.9")
    assert head.endswith(" of 24.00")
    numbers = [float(part.rsplit(" ", 1)[1]) for part in parts.partition(";")[0].split(", ")]
    assert sum(numbers) == pytest.approx(float(head.split()[-3]), abs=0.05)


def test_what_cannot_fit_is_refused_with_the_numbers(checkpoint: Checkpoint) -> None:
    with pytest.raises(SetupError, match=r"z-image-turbo does not fit: .* take 3\.\d\d GB on cpu, and 3\.00 GB may"):
        planned(checkpoint, CPU, torch.bfloat16, memory=3, max_pixels=DEFAULT, checks=True)


def test_without_a_figure_what_is_free_is_the_budget() -> None:
    plan = plan_for(POSTCARD, CPU, memory=0, max_pixels=DEFAULT, checks=True)
    assert plan.layout is Layout.RESIDENT
    assert plan.peak() < plan.budget
    assert plan.needs.checker.total == 2 * 377_732  # in fp32; it is stored in bf16


def test_a_picture_that_does_not_fit_is_refused_with_the_largest_of_its_shape() -> None:
    plan = plan_for(POSTCARD, CPU, memory=2, max_pixels=DEFAULT, checks=False)
    pipeline = Pipeline.load(POSTCARD, plan=replace(plan, pixels=600 * 500))
    with pytest.raises(InputRefused) as refused:
        next(pipeline.paint("a house", 1200, 1000, steps=1, seed=1))
    [detail] = refused.value.failure.detail
    assert isinstance(detail, dict)
    assert (detail["type"], detail["loc"]) == ("image_too_large", ["body", "image_size"])
    assert detail["ctx"] == {"max_width": 600, "max_height": 500}


def test_a_damaged_file_is_named(checkpoint: Checkpoint, tmp_path: Path) -> None:
    folder = write_published(tmp_path / "z")
    (folder / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"x" * 100)
    with pytest.raises(SetupError, match=r"vae/diffusion_pytorch_model\.safetensors: damaged"):
        Footprint.of(replace(checkpoint, folder=folder), torch.bfloat16, checks=False)


@pytest.mark.parametrize("layout", Layout)
def test_only_what_works_on_the_blocks_a_plan_leaves_is_applied(layout: Layout, needs: Footprint) -> None:
    plan = Plan(layout, CPU, 40 * GB, MEGAPIXEL, MEGAPIXEL, needs)
    left_out = without(CPU, plan)
    assert ("laid-out-text" in left_out) == plan.streams_text_encoder
    assert ("compiled" in left_out) == ("modulations" in left_out) == plan.streams_transformer
    assert ("laid-out" in left_out) == (plan.eight_bit or plan.streams_transformer)
    assert ("eight-bit" in left_out) == (not plan.holds_both)
    assert ("attention" in left_out) == (not plan.holds_both and not plan.eight_bit)
    assert "C compiler" not in str(meanings(CPU, torch.bfloat16, plan))


def test_a_gpu_without_a_compiler_goes_on_without_compiled_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert {"compiled", "compiled-decoder", "compiled-text"} <= without(CUDA, None)
