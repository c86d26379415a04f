"""What the transformer learns from last: where its own steps lead, judged by what is seen.

Flow matching teaches it on pictures mixed with noise, where every latent channel counts alike. In use it stands on
its own earlier steps, and what the eye finds first is a joint: two squares of which one is a shade darker. So here a
picture is mixed with noise, the transformer itself takes the steps that lead to where it learns, and the error is
looked at as pixels: each by its size, and the jumps from one square to the next besides.

Shapes: B pictures, C channels, h x w latent pixels.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

import torch
from torch import Tensor

from latents import SQUARE, LinearLatents
from tintype.model.flow import add_noise, euler_step, time_of
from tintype.model.transformer import Transformer

AHEAD = 3  # steps that it takes by itself, at most, before it learns
JOINTS = 4.0  # what the jumps between squares count, beside all pixels
FADED = 0.25  # what the latent channels count, all alike, so that fine detail is not forgotten


def seen(code: LinearLatents, error: Tensor) -> Tensor:
    """Latents' error [B, C, h, w] as pixels' [B, 3, 16 h, 16 w], in shares of the range -1..1."""
    return code.decode(error) - code.decode(torch.zeros_like(error[:1]))


def jumps(pixels: Tensor) -> Tensor:
    """The mean square of what changes from one square to the next."""
    across = pixels[..., SQUARE::SQUARE] - pixels[..., SQUARE - 1 : -1 : SQUARE]
    down = pixels[..., SQUARE::SQUARE, :] - pixels[..., SQUARE - 1 : -1 : SQUARE, :]
    return across.square().mean() + down.square().mean()


def visible_loss(code: LinearLatents, error: Tensor) -> Tensor:
    """How much of an error [B, C, h, w] a viewer would see; about the mean square of an error of all channels."""
    pixels = seen(code, error)
    scale = code.spread.square().mean() * len(code.spread) / code.mean.numel()  # of pixels, for latents of 1
    return (pixels.square().mean() + JOINTS * jumps(pixels)) / scale + FADED * error.square().mean()


@torch.no_grad()
def walk(
    network: Transformer, clean: Tensor, noise: Tensor, caption_tokens: Tensor, sigmas: Tensor, rng: Random
) -> tuple[Tensor, Tensor]:
    """Noisy latents [B, C, h, w] that the network's own steps along `sigmas` led to, and the noise level there.

    The last levels, where details are decided, come more often.
    """
    steps, count = len(sigmas) - 1, len(clean)
    here = rng.choices(range(steps), weights=range(2, steps + 2))[0]
    start = max(0, here - rng.randint(0, AHEAD))
    x = add_noise(clean, noise, sigmas[start].expand(count))
    return follow(network, x, caption_tokens, sigmas[start : here + 1]), sigmas[here]


@torch.no_grad()
def follow(network: Transformer, x: Tensor, caption_tokens: Tensor, sigmas: Tensor) -> Tensor:
    """Latents [B, C, h, w] at the first of `sigmas` -> what the network makes of them by the last."""
    for sigma, following in pairwise(sigmas):
        x = euler_step(x, network(x, time_of(sigma).expand(len(x)), caption_tokens), sigma, following)
    return x
