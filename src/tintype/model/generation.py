"""Text from the language model, one token at a time: greedy, or drawn.

Sampling as in transformers: temperature, then the ``top_k`` likeliest (Fan et al. 2018), then of these the nucleus of
``top_p`` (Holtzman et al. 2020). One number is drawn for each token, on the CPU, and inverts the cumulative
distribution, likeliest first; so a seed means the same draws on every device.
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from tintype.model.text_encoder import TextEncoder

KERNELS = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
"""Of attention: not cuDNN's, which makes a plan for each number of keys, and so would for every word."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen."""

    temperature: float = 0.0
    """What logits are divided by; 0: always the likeliest token."""
    top_k: int = 0
    """Only so many of the likeliest tokens are drawn from; 0: all."""
    top_p: float = 1.0
    """Only the likeliest tokens that together reach this probability are drawn from."""


def generate(
    encoder: TextEncoder, ids: list[int], sampling: Sampling, generator: torch.Generator, stop: Set[int], limit: int
) -> Iterator[int]:
    """Yield the tokens that follow ``ids``, each as soon as it is known.

    Ends before a token of ``stop``, or after ``limit`` tokens. ``generator`` is a CPU's; greedy choice leaves it alone.
    """
    device = encoder.model.norm.weight.device
    with torch.inference_mode():
        cache = encoder.cache(len(ids) + limit)
    unread = ids
    for _ in range(limit):
        with torch.inference_mode(), sdpa_kernel(KERNELS):  # not around the yield: they must not leak into the caller
            logits = encoder.next_logits(torch.tensor([unread], device=device), cache)[0]
            token = choose(logits, sampling, generator)
        if token in stop:
            return
        yield token
        unread = [token]


def choose(logits: Tensor, sampling: Sampling, generator: torch.Generator) -> int:
    """One token by its score in ``logits [V]``, of any dtype and device."""
    logits = logits.float()
    if sampling.temperature == 0:
        return int(logits.argmax())
    scores, tokens = logits.topk(min(sampling.top_k or len(logits), len(logits)))
    probabilities = (scores.cpu() / sampling.temperature).softmax(0)
    reached = probabilities.cumsum(0)
    nucleus = int((reached - probabilities < sampling.top_p).sum())  # at least the likeliest
    drawn = torch.rand((), generator=generator) * reached[nucleus - 1]
    place = int(torch.searchsorted(reached[:nucleus], drawn, right=True))
    return int(tokens[min(place, nucleus - 1)])
