"""Attention as two matrix products and a softmax, for CPUs that multiply bf16.

PyTorch's own attention reaches 40 % of the speed of such products. Here scores and their softmax are rounded to bf16:
45 dB from the exact result on random numbers, where PyTorch's is 53 dB and an 8-bit product 40.
"""

import torch
from torch import Tensor

from tintype.engine.networks import Networks
from tintype.engine.precision import has_bf16
from tintype.model.layers import attention

WORTH = 2**21
"""Scores of all heads, were every token to ask, below which PyTorch's own is quicker: at 224 tokens and 4 heads by a
tenth of a picture, while at 320 tokens and 30 heads products take 0.6 of its time."""
SCORES = 2**24
"""Scores at a time: 32 MB."""
HEADS = 5
"""Heads at a time, if their scores are few enough."""


def as_products(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The twin of :func:`tintype.model.layers.attention`: ``q [B, L, H, d]`` over ``k, v`` -> ``[B, L, H * d]``."""
    length, count = k.shape[1], q.shape[2]
    if count * length**2 < WORTH:
        return attention(q, k, v)
    heads = max(1, min(HEADS, SCORES // length**2))
    rows = max(1, SCORES // (heads * length))
    out = q.new_empty(q.shape)
    q, k, v, into = (one.transpose(1, 2) for one in (q, k, v, out))
    for head in range(0, count, heads):
        some = slice(head, head + heads)
        keys, values = k[:, some].transpose(-1, -2), v[:, some]
        for row in range(0, q.shape[2], rows):
            scores = (q[:, some, row : row + rows] @ keys).mul_(q.shape[-1] ** -0.5)
            into[:, some, row : row + rows] = scores.softmax(-1) @ values
    return out.flatten(2)


def apply(networks: Networks) -> None:
    """Have the blocks that work at every step attend so, if they are in bf16 and the CPU multiplies it."""
    if not has_bf16() or not torch.backends.mkldnn.is_available():
        return
    for block in networks.blocks():
        if block.attention.norm_q.weight.dtype == torch.bfloat16:
            block.attention.attend = as_products
