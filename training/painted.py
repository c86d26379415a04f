"""Latents as the transformer paints them: right in the whole, a little wrong everywhere. The decoder learns to forgive.

A picture's latents are mixed with noise, as they are some steps before the end, and the transformer takes the steps
that remain. What it paints shows the picture it began with, so the decoder knows what it should have been. Even what
is painted from noise alone does: captions leave hardly anything to chance (`scene.py`).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor

import diffusion
from latents import LinearLatents
from polish import follow
from scene import Scene
from tintype.model.flow import add_noise, sigmas_for

STEPS_TAKEN = 2, 4, 8  # of the eight, the last ones: all of them end in what users get


@dataclass
class Painted:
    """Scenes of one shape, in cells, and latents [B, C, h, w] that show them."""

    scenes: list[Scene]
    columns: int
    rows: int
    latents: Tensor


class Studio:
    """Keeps a stock of painted latents and renews it while it is used."""

    def __init__(self, folder: Path, code: LinearLatents, rng: Random, stock: int = 40) -> None:
        self.words, self.network = diffusion.Words.load(folder), diffusion.load(folder)
        self.code, self.rng = code, rng
        self.stock: deque[Painted] = deque(maxlen=stock)
        self.taken = 0

    def take(self) -> Painted:
        """A batch from the stock; it fills up first, then every fourth time the oldest makes room for a new one."""
        self.taken += 1
        if len(self.stock) < self.stock.maxlen or self.taken % 4 == 0:
            self.stock.append(self.paint())
        return self.rng.choice(self.stock)

    @torch.no_grad()
    def paint(self) -> Painted:
        batch = diffusion.random_batch(self.words, self.code, self.rng, diffusion.WHOLE)
        sigmas = sigmas_for(diffusion.STEPS, diffusion.SHIFT)
        sigmas = sigmas[-self.rng.choice(STEPS_TAKEN) :]
        count = len(batch.clean)
        x = add_noise(batch.clean, batch.noise, sigmas[0].expand(count))
        tokens = self.network.refine_caption(batch.features, batch.lengths)
        x = follow(self.network, x, tokens, sigmas)
        return Painted(batch.scenes, batch.columns, batch.rows, x)
