"""Matrix products of 8-bit numbers: attention's and the feed-forward's, with one scale per row on both sides.

A row of weights is one output, a row of activations one token. One scale for a whole tensor would drown the small rows
of it in noise. Times, modulations, embedders, norms and the final layer stay as they are.
"""

import platform

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.engine.networks import Networks, parts_of

SMALLEST = 1e-12
IN_CACHE = 2**19
"""Numbers of a CPU's activations that are rounded at a time, so that what lies between stays in its cache."""


class Int8OnCpu(nn.Module):
    """oneDNN's product of unsigned activations and signed weights, summed in int32.

    Without the VNNI instructions pairs of products are added in 16 bits, so the activations have 7 there.
    """

    numbers, sides = "int8", 1
    scales: Tensor
    zeros: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight, scales = quantized(linear.weight, 127)
        self.levels = 127 if torch.cpu._is_vnni_supported() else 63  # pyright: ignore[reportPrivateUsage]
        self.weight: Tensor = torch.ops.onednn.qlinear_prepack(weight, None)
        self.register_buffer("scales", scales)
        self.register_buffer("zeros", torch.zeros(len(scales), dtype=torch.long))

    def forward(self, x: Tensor) -> Tensor:
        """``x [..., in]`` -> ``[..., out]``."""
        rows = x.flatten(0, -2)
        codes = torch.empty(rows.shape, dtype=torch.uint8)
        scale = torch.empty(len(rows), 1)
        few = max(1, IN_CACHE // rows.shape[1])
        for some in (slice(i, i + few) for i in range(0, len(rows), few)):
            scale[some] = rows[some].abs().amax(-1, keepdim=True).float().clamp_(min=SMALLEST)
            codes[some] = (rows[some] / scale[some]).mul_(self.levels).round_().add_(self.levels + 1)
        product = torch.ops.onednn.qlinear_pointwise(
            codes, 1 / self.levels, self.levels + 1, self.weight, self.scales, self.zeros, None, 1.0, 0,
            torch.float32, "none", [], "",
        )  # fmt: skip
        return product.mul_(scale).unflatten(0, x.shape[:-1]).to(x.dtype)


class Int8OnGpu(nn.Module):
    """int8 by int8, summed in int32; every NVIDIA GPU since Turing."""

    numbers, sides = "int8", 8
    weight: Tensor
    scales: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight, scales = quantized(linear.weight, 127)
        self.register_buffer("weight", weight)
        self.register_buffer("scales", scales)

    def forward(self, x: Tensor) -> Tensor:
        """``x [..., in]`` -> ``[..., out]``."""
        rows = x.flatten(0, -2)
        codes, scale = quantized(rows, 127)
        short = max(0, 17 - len(codes))  # the kernel wants more than 16 rows
        product: Tensor = torch.ops.aten._int_mm(F.pad(codes, (0, 0, 0, short)), self.weight.T)[: len(codes)]
        return (product.float() * scale[:, None] * self.scales).to(x.dtype).view(*x.shape[:-1], -1)


class Fp8OnGpu(nn.Module):
    """fp8 (e4m3) by fp8, summed in fp32; Ada, Hopper and later."""

    numbers, sides = "fp8", 16
    weight: Tensor
    scales: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        codes, scales = as_fp8(linear.weight)
        self.register_buffer("weight", codes)
        self.register_buffer("scales", scales)

    def forward(self, x: Tensor) -> Tensor:
        """``x [..., in]`` -> ``[..., out]``."""
        codes, scale = as_fp8(x.flatten(0, -2))
        product: Tensor = torch.ops.aten._scaled_mm(
            codes, self.weight.T, scale_a=scale, scale_b=self.scales.T, out_dtype=torch.bfloat16, use_fast_accum=True
        )
        return product.to(x.dtype).view(*x.shape[:-1], -1)


def quantized(rows: Tensor, levels: int) -> tuple[Tensor, Tensor]:
    """``rows [n, k]`` as int8 in ``-levels..levels``, and the scale of each row, ``[n]`` in fp32."""
    wide = rows.float()
    scales = wide.abs().amax(1).clamp(min=SMALLEST) / levels
    return (wide / scales[:, None]).round().to(torch.int8), scales


def as_fp8(rows: Tensor) -> tuple[Tensor, Tensor]:
    """``rows [n, k]`` as e4m3 that uses its whole range, and the scale of each row, ``[n, 1]`` in fp32."""
    wide = rows.float()
    scales = wide.abs().amax(1, keepdim=True).clamp(min=SMALLEST) / torch.finfo(torch.float8_e4m3fn).max
    return (wide / scales).to(torch.float8_e4m3fn), scales


Kernel = type[Int8OnCpu] | type[Int8OnGpu] | type[Fp8OnGpu]


def kernel_for(device: torch.device) -> Kernel | None:
    """The fastest 8-bit product of ``device``, if it has one."""
    if device.type == "cpu":  # elsewhere PyTorch comes without oneDNN's quantised products
        is_x86 = platform.machine() in ("x86_64", "AMD64")
        return Int8OnCpu if is_x86 and torch.backends.mkldnn.is_available() else None
    if device.type != "cuda" or torch.version.hip is not None:
        return None
    capability = torch.cuda.get_device_capability(device)
    return Fp8OnGpu if capability >= (8, 9) else Int8OnGpu if capability >= (7, 5) else None


def fits(layer: nn.Linear, kernel: Kernel) -> bool:
    """Whether ``kernel`` takes matrices of this shape: sides that are multiples of its ``sides``."""
    return layer.in_features % kernel.sides == 0 and layer.out_features % kernel.sides == 0


def shrink(block: nn.Module, kernel: Kernel) -> None:
    """Replace the linear layers of ``block`` that work at every step. In place."""
    for name, layer in parts_of(block, nn.Linear):
        if "adaLN" not in name and fits(layer, kernel):
            block.set_submodule(name, kernel(layer))


def apply(networks: Networks) -> None:
    """Shrink the blocks that work at every step; nothing happens where no 8-bit product is faster."""
    kernel = kernel_for(next(networks.transformer.parameters()).device)
    if kernel is not None:
        for block in networks.blocks():
            shrink(block, kernel)
