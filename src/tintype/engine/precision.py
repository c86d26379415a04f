"""In which numbers weights lie and arithmetic is done, on which device."""

import platform
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.engine.checkpoint import Checkpoint
from tintype.engine.networks import Networks, parts_of

LARGE = 2_000_000_000
"""Bytes of transformer parameters in fp32 above which a CPU holds them in bf16 to fit its memory."""
MATRIX = 2**20
"""Numbers above which a matrix stays in bf16 where arithmetic is in fp32."""


class WideLinear(nn.Linear):
    """A linear layer whose weights lie in bf16 and are widened to its input's dtype for each product."""

    def forward(self, input: Tensor) -> Tensor:
        """``[..., in]`` -> ``[..., out]`` in the input's dtype."""
        bias = cast("Tensor | None", self.bias)  # torch's own annotation says always
        return F.linear(input, self.weight.to(input.dtype), None if bias is None else bias.to(input.dtype))


class WideEmbedding(nn.Embedding):
    """A table whose rows lie in bf16 and are widened when looked up."""

    def forward(self, input: Tensor) -> Tensor:
        """``ids [...]`` -> ``[..., D]`` in fp32."""
        return super().forward(input).float()


def default_dtype(checkpoint: Checkpoint, device: torch.device) -> torch.dtype:
    """What weights lie in: bf16, but on a CPU without products in bf16 fp32, unless the model is too large for it."""
    if device.type != "cpu" or has_bf16():
        return torch.bfloat16
    config = checkpoint.transformer_config
    parameters = config.n_layers * config.dim**2 * 12
    return torch.bfloat16 if parameters * 4 > LARGE else torch.float32


def needs_widening(dtype: torch.dtype, device: torch.device) -> bool:
    """Whether weights in ``dtype`` are better widened for arithmetic: bf16 on a CPU that has no instructions for it.

    There products in bf16 run at a tenth of the speed of fp32.
    """
    is_x86 = platform.machine() in ("x86_64", "AMD64")
    return dtype == torch.bfloat16 and device.type == "cpu" and is_x86 and not has_bf16()


def has_bf16() -> bool:
    """Whether the CPU multiplies bf16 numbers faster than fp32 ones: AVX-512 BF16, or AMX."""
    return torch.cpu._is_avx512_bf16_supported()  # pyright: ignore[reportPrivateUsage]


def widen(networks: Networks, large: int = MATRIX) -> None:
    """Have arithmetic done in fp32 while matrices of more than ``large`` numbers stay in bf16. In place."""
    for network in (networks.text_encoder, networks.transformer, networks.autoencoder):
        for name, layer in parts_of(network, nn.Linear):
            if layer.weight.numel() > large and "embedder" not in name:  # the times' one asks for its weights' dtype
                network.set_submodule(name, _sharing(WideLinear(1, 1, device="meta"), layer))
        for name, table in parts_of(network, nn.Embedding):
            network.set_submodule(name, _sharing(WideEmbedding(1, 1, device="meta"), table))
        for _, part in parts_of(network, nn.Module):
            if not isinstance(part, WideLinear | WideEmbedding):
                for name, parameter in part.named_parameters(recurse=False):
                    part.register_parameter(name, nn.Parameter(parameter.float(), requires_grad=False))


def _sharing(twin: nn.Module, part: nn.Module) -> nn.Module:
    """``twin`` with the parameters of ``part``."""
    twin.register_parameter("bias", None)
    for name, parameter in part.named_parameters(recurse=False):
        twin.register_parameter(name, parameter)
    return twin
