"""Parts that more than one network uses.

Shapes: ``B`` batch, ``L`` tokens, ``D`` width, ``H`` heads, ``d`` channels of one head.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class RMSNorm(nn.Module):
    """Root mean square normalisation over the last axis (Zhang and Sennrich 2019).

    The variance is taken in fp32 and the result rounded to the weight's dtype *before* the weight is applied: the
    rounding point of the reference, on which bit-equality in bf16 depends.
    """

    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``x [..., dim]``; the dtype is kept."""
        wide = x.float()
        variance = wide.pow(2).mean(-1, keepdim=True)
        return (wide * torch.rsqrt(variance + self.eps)).to(self.weight.dtype) * self.weight


def attention(q: Tensor, k: Tensor, v: Tensor, *, causal: bool = False) -> Tensor:
    """Scaled dot-product attention of ``q [B, L, H, d]`` over ``k, v [B, L_kv, H_kv, d]`` -> ``[B, L, H * d]``."""
    out = F.scaled_dot_product_attention(
        q.transpose(1, 2),
        k.transpose(1, 2),
        v.transpose(1, 2),
        is_causal=causal,
        enable_gqa=q.shape[2] != k.shape[2],
    )
    return out.transpose(1, 2).flatten(2)


def rotate_halves(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate channel pairs (i, i + d / 2) of ``x [B, L, H, d]`` by ``cos, sin [L, d]``, in ``x``'s dtype (GPT-NeoX)."""
    first, second = x.chunk(2, dim=-1)
    return x * cos[:, None, :] + torch.cat((-second, first), dim=-1) * sin[:, None, :]
