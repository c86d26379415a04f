"""What only a GPU does: its kernels beside their plain twins, and levels on the device."""

import pytest
import torch
from torch import Tensor, nn

from tintype import models
from tintype.engine.passes import eight_bit
from tintype.engine.pipeline import Pipeline

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]
PROMPT = "two yellow balloons above a lake at sunset"


@pytest.mark.parametrize("tokens", [1, 16, 40, 4128])
@pytest.mark.parametrize("kernel", [eight_bit.Int8OnGpu, eight_bit.Fp8OnGpu])
@torch.inference_mode()
def test_an_8_bit_product_is_near_the_exact_one(kernel: eight_bit.Kernel, tokens: int) -> None:
    if kernel is eight_bit.Fp8OnGpu and torch.cuda.get_device_capability() < (8, 9):
        pytest.skip("no fp8 here")
    torch.manual_seed(2)
    layer = nn.Linear(3840, 10240, bias=False, dtype=torch.bfloat16, device="cuda")
    x = torch.randn(1, tokens, 3840, dtype=torch.bfloat16, device="cuda")
    exact = x.double() @ layer.weight.double().T
    error = (kernel(layer)(x).double() - exact).norm(dim=-1) / exact.norm(dim=-1)
    assert error.max() < 0.05


@torch.inference_mode()
def velocity(pipeline: Pipeline, level: str = "none") -> Tensor:
    latents = pipeline.noise(1024, 768, seed=1)
    caption = pipeline.read(PROMPT)
    answer = pipeline.levels[level].transformer(latents.to(pipeline.dtype), torch.tensor([0.3]), caption)
    return answer.float().cpu()


def test_none_is_as_near_to_fp32_as_the_plain_model_and_8_bits_are_near() -> None:
    exact = velocity(Pipeline.load(models.POSTCARD, "cuda", torch.float32, passes={"none": ()}))
    plain = velocity(Pipeline.load(models.POSTCARD, "cuda", passes={"none": ()}))
    fast = Pipeline.load(models.POSTCARD, "cuda")
    assert (velocity(fast) - exact).norm() <= 1.1 * (plain - exact).norm()
    assert (velocity(fast, "regular") - exact).norm() < 0.1 * exact.norm()
    assert torch.equal(velocity(fast), velocity(fast))
