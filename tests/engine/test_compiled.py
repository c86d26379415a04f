"""What is compiled for a GPU, traced here as it is there; only kernels are not made of it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch._dynamo.utils import counters  # pyright: ignore[reportPrivateUsage]

from tintype.bench import random_weights
from tintype.engine.accelerate import LEVELS, PASSES
from tintype.engine.expansion import Words
from tintype.engine.networks import Networks
from tintype.engine.passes import compiled, eight_bit
from tintype.engine.pipeline import Pipeline

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script:DeprecationWarning")  # of torch about torch
BACKEND = "aot_eager_decomp_partition"
"""What Inductor does before it writes kernels, shapes that are not known included."""
KERNELS: dict[str, eight_bit.Kernel] = {"int8": eight_bit.Int8OnGpu, "fp8": eight_bit.Fp8OnGpu}
WISHES = [(256, 256, 2, "a red boat"), (192, 256, 3, "two balloons " * 40), (144, 80, 8, ""), (208, 400, 1, "a house")]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = tmp_path_factory.mktemp("weights")
    random_weights.write(folder, random_weights.Scale(layers=2, dim=256))
    return Pipeline.load(folder, dtype=torch.bfloat16, passes={"none": ()})


@pytest.fixture(scope="module")
def fast(plain: Pipeline) -> Iterator[Pipeline]:
    """Every pass of a CUDA device, with each of its 8-bit products as a level."""
    whole = Pipeline.load(plain.checkpoint.folder, dtype=torch.bfloat16, passes={"none": ()})
    levels: dict[str, Networks] = {"none": whole.levels["none"]}
    for one in PASSES:
        if one.name in LEVELS["none"] and "cuda" in one.devices and not one.name.startswith("compiled"):
            one.apply(levels["none"])
    compiled.apply(levels["none"], BACKEND)
    compiled.apply_to_decoder(levels["none"], BACKEND)
    compiled.apply_to_text(levels["none"], BACKEND)
    for name, kernel in KERNELS.items():
        levels[name] = levels["none"].beside()
        for block in levels[name].blocks():
            eight_bit.shrink(block, kernel)
        compiled.apply(levels[name], BACKEND)
    yield replace(whole, levels=levels)
    torch._dynamo.reset()  # pyright: ignore[reportPrivateUsage]


def programs() -> int:
    """How many have been made so far."""
    return counters["stats"]["unique_graphs"]


@pytest.mark.parametrize("level", ["none", *KERNELS])
def test_no_size_and_no_prompt_needs_a_program_of_its_own(fast: Pipeline, level: str) -> None:
    before = programs()
    assert before >= len(KERNELS) + 3, "blocks of each level, decoder, text"
    for width, height, steps, prompt in WISHES:
        for _ in fast.paint(prompt, width, height, steps=steps, seed=1, acceleration=level):
            pass
    assert programs() == before
    assert not counters["graph_break"], "each is whole"


@pytest.mark.parametrize(("level", "share"), [("none", 0.03), ("int8", 0.1), ("fp8", 0.1)])
@torch.inference_mode()
def test_its_answers_are_near_the_plain_ones(fast: Pipeline, plain: Pipeline, level: str, share: float) -> None:
    latents, caption = plain.noise(256, 192, seed=1).bfloat16(), plain.read("a red boat")

    def velocity(networks: Networks) -> Tensor:
        return networks.transformer(latents, torch.tensor([0.3]), caption).float()

    wanted = velocity(plain.levels["none"])
    assert (velocity(fast.levels[level]) - wanted).norm() < share * wanted.norm()
    assert (fast.read("a red boat").float() - caption.float()).norm() < share * caption.float().norm()
    pixels, exact = (one.levels["none"].autoencoder.decode(latents).float() for one in (fast, plain))
    assert (pixels - exact).norm() < share * exact.norm()


def test_an_expansion_is_written_as_before(fast: Pipeline, plain: Pipeline) -> None:
    before = programs()
    words = [
        [event.text for event in one.expander.expand("a boat", seed=1) if isinstance(event, Words)]
        for one in (fast, plain)
    ]
    assert words[0] == words[1] != []
    assert programs() == before
