"""Every pass is held to the plain model; the levels paint what they say."""

import copy
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tintype import models
from tintype.engine.accelerate import LEVELS, PASSES, accelerate
from tintype.engine.golden import psnr
from tintype.engine.networks import Networks
from tintype.engine.passes import eight_bit, laid_out
from tintype.engine.passes.attention import as_products
from tintype.engine.pipeline import Pipeline
from tintype.engine.precision import has_bf16
from tintype.engine.sizes import Pixels
from tintype.model import layers
from tintype.model.flow import Course
from tintype.model.transformer import Transformer

PROMPT = "two yellow balloons above a lake at sunset"
CPU = torch.device("cpu")
DTYPES = (torch.float32, torch.bfloat16, torch.bfloat16)


def painted(pipeline: Pipeline, acceleration: str = "none", prompt: str = PROMPT, steps: int = 8) -> Pixels:
    """512x384, which ``paint`` would paint larger and shrink."""
    latents = pipeline.noise(512, 384, seed=3)
    for denoised in pipeline.denoise(latents, pipeline.read(prompt), steps, acceleration):
        latents = denoised.latents
    return pipeline.develop(latents)


@pytest.fixture(scope="module")
def plain() -> Pipeline:
    return Pipeline.load(models.POSTCARD, passes={"none": ()})


@pytest.fixture(scope="module")
def fast() -> Pipeline:
    return Pipeline.load(models.POSTCARD)


@pytest.fixture(scope="module")
def expected(plain: Pipeline) -> Pixels:
    return painted(plain)


@pytest.mark.parametrize("name", [one.name for one in PASSES if one.exactness == "exact"])
def test_an_exact_pass_changes_no_bit(name: str, expected: Pixels) -> None:
    pipeline = Pipeline.load(models.POSTCARD, passes={"none": ()})
    (one,) = (one for one in PASSES if one.name == name)
    one.apply(pipeline.levels["none"])
    assert np.array_equal(painted(pipeline), expected)
    assert np.array_equal(painted(pipeline), expected), "the second time, when all is remembered"


@pytest.mark.parametrize(("rows", "columns"), [(16, 16), (32, 32), (5, 7)])
@pytest.mark.parametrize("words", [3, 70])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_last_block_answers_for_the_image_alone(
    rows: int, columns: int, words: int, dtype: torch.dtype, plain: Pipeline
) -> None:
    torch.manual_seed(4)
    config = replace(plain.checkpoint.transformer_config, dim=512, axes_dims=(32, 48, 48))
    network = Transformer(config).to(dtype).requires_grad_(False)
    fast = replace(plain.levels["none"], transformer=copy.deepcopy(network))
    accelerate(fast, CPU, ["image-rows", "laid-out"])
    latents = torch.randn(1, config.in_channels, 2 * rows, 2 * columns).to(dtype)
    caption = network.refine_caption(torch.randn(1, words, config.cap_feat_dim).to(dtype))
    wanted, answer = (one(latents, torch.tensor([0.3]), caption) for one in (network, fast.transformer))
    assert torch.equal(answer, wanted)


def test_packed_products_are_as_near_to_fp32_as_the_plain_ones_in_bf16() -> None:
    exact, plain, packed = (Pipeline.load(models.POSTCARD, dtype=dtype, passes={"none": ()}) for dtype in DTYPES)
    (one,) = (one for one in PASSES if one.name == "packed")
    one.apply(packed.levels["none"])
    latents = exact.noise(256, 256, seed=1)

    def velocity(pipeline: Pipeline) -> Tensor:
        with torch.inference_mode():
            caption = exact.read(PROMPT).to(pipeline.dtype)
            return pipeline.levels["none"].transformer(latents.to(pipeline.dtype), torch.tensor([0.3]), caption).float()

    wanted = velocity(exact)
    assert (velocity(packed) - wanted).norm() < 1.05 * (velocity(plain) - wanted).norm()


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_none_is_the_plain_model_bit_for_bit(plain: Pipeline, fast: Pipeline, steps: int) -> None:
    assert np.array_equal(painted(plain, steps=steps), painted(fast, steps=steps))


def test_one_prompt_is_not_taken_for_another(plain: Pipeline, fast: Pipeline) -> None:
    for prompt in ("a red boat", "a red boat ", "A red boat", "a red boat"):
        assert np.array_equal(painted(plain, prompt=prompt, steps=1), painted(fast, prompt=prompt, steps=1))


@pytest.mark.parametrize(("level", "decibels"), [("regular", 34), ("high", 30)])
def test_a_lossy_level_keeps_the_picture(level: str, decibels: float, fast: Pipeline, expected: Pixels) -> None:
    first, second = painted(fast, level), painted(fast, level)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, expected)
    assert psnr(first, expected) > decibels
    assert np.array_equal(painted(fast), expected), "none is what it was"


def test_levels_share_what_they_do_not_change(fast: Pipeline) -> None:
    none, regular = (dict(fast.levels[level].transformer.named_parameters()) for level in ("none", "regular"))
    assert regular
    assert all(tensor is none[name] for name, tensor in regular.items())


@pytest.fixture(params=[(64, 96), (256, 682)], ids=str)
def layer(request: pytest.FixtureRequest) -> Iterator[nn.Linear]:
    torch.manual_seed(4)
    with torch.inference_mode():
        yield nn.Linear(*request.param, bias=False)


@pytest.mark.parametrize("tokens", [1, 33])
def test_int8_on_a_cpu_is_the_product_of_the_rounded_numbers(layer: nn.Linear, tokens: int) -> None:
    fast = eight_bit.Int8OnCpu(layer)
    x = torch.randn(2, tokens, layer.in_features) * torch.logspace(-3, 3, tokens)[:, None]
    weight, scales = eight_bit.quantized(layer.weight, 127)
    codes, scale = eight_bit.quantized(x.flatten(0, 1), fast.levels)
    expected = (codes.double() @ weight.double().T) * scale[:, None] * scales
    assert nearly(fast(x).flatten(0, 1), expected, 1e-5)
    assert nearly(fast(x), layer(x), 0.03)


@pytest.mark.parametrize(("tokens", "heads"), [(33, 30), (320, 30), (600, 7), (4500, 1)])
@torch.inference_mode()
def test_attention_as_products_is_near_the_exact_one(tokens: int, heads: int) -> None:
    torch.manual_seed(4)
    q, k, v = torch.randn(3, 1, tokens, heads, 32, dtype=torch.bfloat16)
    for asking in (q, q[:, : tokens - 32]):  # in the last block the caption asks nothing
        exact = layers.attention(asking.double(), k.double(), v.double())
        error = (as_products(asking, k, v).double() - exact).norm() / exact.norm()
        assert error < 0.01


@pytest.mark.skipif(not has_bf16(), reason="this CPU has no products in bf16")
@pytest.mark.parametrize("tokens", [1, 33, 600])
def test_weights_laid_out_for_the_kernels_are_the_same_weights(layer: nn.Linear, tokens: int) -> None:
    layer = layer.bfloat16()
    fast, x = laid_out.LaidOut(layer), torch.randn(1, tokens, layer.in_features).bfloat16()
    assert torch.equal(fast.weight, layer.weight)
    assert torch.equal(fast(x), layer(x))


def test_a_row_is_multiplied_alike_in_any_company(layer: nn.Linear) -> None:
    fast, x = eight_bit.Int8OnCpu(layer), torch.randn(1, 40, layer.in_features)
    loud = torch.cat([x, 1000 * x], dim=1)
    assert torch.equal(fast(x), fast(loud)[:, :40])


def nearly(ours: Tensor, expected: Tensor, share: float) -> bool:
    """Whether every row differs by less than ``share`` of its length."""
    return bool(((ours - expected).norm(dim=-1) < share * expected.norm(dim=-1)).all())


def test_8_bits_leave_what_is_not_worked_at_every_step(fast: Pipeline) -> None:
    transformer: Transformer = fast.levels["regular"].transformer
    left = {name for name, part in transformer.named_modules() if isinstance(part, nn.Linear)}
    assert all("attention.to_" not in name and "feed_forward" not in name for name in left if "context" not in name)
    assert {"t_embedder", "cap_embedder", "all_x_embedder", "all_final_layer"} <= {name.split(".")[0] for name in left}


def test_a_straight_course_is_foretold_exactly() -> None:
    course = Course()
    for sigma in (0.9, 0.7):
        course.add(torch.tensor(sigma), torch.tensor([2.0, -1.0]) * sigma + 1)
    assert torch.allclose(course.foretold(torch.tensor(0.4)), torch.tensor([2.0, -1.0]) * 0.4 + 1)


def test_an_unknown_pass_is_refused(plain: Pipeline) -> None:
    networks: Networks = plain.levels["none"]
    with pytest.raises(ValueError, match="no pass is called 'fast'; there are allocator, "):
        accelerate(networks, CPU, ["fast"])


def test_levels_name_passes_in_their_order() -> None:
    order = [one.name for one in PASSES]
    for names in LEVELS.values():
        assert sorted(names, key=order.index) == list(names)
    assert set(order) == {name for names in LEVELS.values() for name in names}
