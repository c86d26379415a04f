"""Weights in bf16 in the order in which a CPU's kernels read them, once; else every product rearranges its own.

The kernels are the same and so are their sums, bit for bit. In fp32 another library multiplies: it is left alone.
"""

from collections.abc import Iterable
from typing import Any, Self

import torch
from torch import Tensor, nn

from tintype.engine.networks import Networks, parts_of
from tintype.engine.precision import has_bf16

USUAL_ROWS = 1024
"""Tokens that the order is best for: a picture of 512x512. Prompts, and single words, gain from it as well."""


class LaidOut(nn.Linear):
    """The twin of a linear layer without bias."""

    def __init__(self, linear: nn.Linear) -> None:
        nn.Module.__init__(self)  # not Linear's, which would make a weight
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self._laid_out: Tensor = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), USUAL_ROWS)

    def __deepcopy__(self, _: Any) -> Self:
        """Itself: it never changes."""
        return self

    @property
    def weight(self) -> Tensor:  # pyright: ignore[reportIncompatibleVariableOverride]
        """``[out, in]`` as it was, made anew."""
        return self._laid_out.to_dense()

    def forward(self, input: Tensor) -> Tensor:
        """``[..., in]`` -> ``[..., out]``."""
        return torch.ops.mkldnn._linear_pointwise(input, self._laid_out, None, "none", [], "")


def apply(networks: Networks) -> None:
    """Rearrange the blocks that work at every step, one layer after the other."""
    lay_out(networks.blocks())


def apply_to_text(networks: Networks) -> None:
    """Rearrange the text encoder: reading a prompt, and writing a longer one word by word."""
    lay_out(networks.text_encoder.model.layers)


def lay_out(blocks: Iterable[nn.Module]) -> None:
    """Rearrange what is multiplied in ``blocks``, if it is in bf16 and the CPU multiplies that."""
    if not has_bf16() or not torch.backends.mkldnn.is_available():
        return
    for block in blocks:
        for name, layer in parts_of(block, nn.Linear):
            if layer.weight.dtype == torch.bfloat16 and "adaLN" not in name:
                block.set_submodule(name, LaidOut(layer))
