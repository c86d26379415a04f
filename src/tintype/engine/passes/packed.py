"""One matrix product where the plain model has several with the same input: q, k and v; w1 and w3."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.engine.networks import Networks
from tintype.model.layers import attention
from tintype.model.positions import Rope
from tintype.model.transformer import Attention, FeedForward


class PackedAttention(nn.Module):
    """The twin of :class:`~tintype.model.transformer.Attention`."""

    def __init__(self, plain: Attention) -> None:
        super().__init__()
        self.heads = plain.heads
        self.to_qkv = stacked(plain.to_q, plain.to_k, plain.to_v)
        self.norm_q, self.norm_k, self.to_out = plain.norm_q, plain.norm_k, plain.to_out

    def forward(self, x: Tensor, rope: Rope) -> Tensor:
        """``x [B, L, D]`` -> ``[B, L, D]``."""
        q, k, v = self.to_qkv(x).unflatten(-1, (3, self.heads, -1)).unbind(2)
        q = rope.rotate(self.norm_q(q))
        k = rope.rotate(self.norm_k(k))
        return self.to_out[0](attention(q, k, v))


class PackedFeedForward(nn.Module):
    """The twin of :class:`~tintype.model.transformer.FeedForward`."""

    def __init__(self, plain: FeedForward) -> None:
        super().__init__()
        self.w13, self.w2 = stacked(plain.w1, plain.w3), plain.w2

    def forward(self, x: Tensor) -> Tensor:
        """``x [B, L, D]`` -> ``[B, L, D]``."""
        gate, up = self.w13(x).chunk(2, dim=-1)
        return self.w2(F.silu(gate) * up)


def stacked(*layers: nn.Linear) -> nn.Linear:
    """One layer without bias that answers with the ``layers``' answers side by side."""
    whole = nn.Linear(layers[0].in_features, sum(layer.out_features for layer in layers), bias=False, device="meta")
    whole.weight = nn.Parameter(torch.cat([layer.weight for layer in layers]), requires_grad=False)
    return whole


def apply(networks: Networks) -> None:
    """Pack every block that works at every step; holds the weights of one block twice, for a moment."""
    for block in networks.blocks():
        block.set_submodule("attention", PackedAttention(block.attention))
        block.set_submodule("feed_forward", PackedFeedForward(block.feed_forward))
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # no later tensor is as small as what was packed
