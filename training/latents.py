"""The latents: a fixed linear code of the picture, so that both networks beside it have something to learn.

An autoencoder trained end to end needs far more computing than this recipe has. Principal components of
64 x 64 pixel squares need none, and a convolutional decoder learns to draw sharply from them (`decoder.py`).

Before the components come two channels that alternate between -1 and 1 from column to column and from row to
row. The decoder's convolutions double the sides by repeating pixels and could not otherwise know which half of
a square they draw; the transformer learns the two constants at no cost.

Pictures are seen at a quarter of their size (16 x 16 per latent pixel): the components kept are all smoother
than that. Shapes: B pictures, h x w latent pixels, C channels.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from landscape import paint
from scene import Difficulty, random_scene

FILE = "latents.safetensors"  # in the work folder, and in the checkpoint: whoever trains on needs the same code
COMPONENTS = 40
CHANNELS = 2 + COMPONENTS
SQUARE = 16  # pixels of the quarter-size picture along one side of a latent pixel
QUARTER_CELL = 2 * SQUARE
# (columns, rows) in cells of 128 pixels, and how often each is drawn in training.
SHAPES: dict[tuple[int, int], float] = {(8, 6): 0.4, (6, 8): 0.2, (8, 8): 0.1, (8, 5): 0.1, (5, 8): 0.2}


def random_shape(rng: Random) -> tuple[int, int]:
    return rng.choices(list(SHAPES), list(SHAPES.values()))[0]


def to_signed(pictures: np.ndarray) -> Tensor:
    """uint8 [B, H, W, 3] -> fp32 [B, 3, H, W] in -1..1."""
    return torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


class LinearLatents:
    """Quarter-size pictures to latents and (smoothly) back."""

    def __init__(self, mean: Tensor, basis: Tensor, spread: Tensor) -> None:
        self.mean, self.basis, self.spread = mean, basis, spread

    @classmethod
    def load(cls, folder: Path) -> LinearLatents:
        return cls(**load_file(folder / FILE))

    def save(self, folder: Path) -> None:
        save_file({"mean": self.mean, "basis": self.basis, "spread": self.spread}, folder / FILE)

    @classmethod
    def fit(cls, pictures: int = 1500) -> LinearLatents:
        """Principal components of squares of random pictures, busy squares counting less than their energy."""
        rng = Random(7)
        rows = []
        for _ in range(pictures):
            scene, _ = random_scene(rng, Difficulty())
            squares = to_squares(to_signed(paint(scene, *random_shape(rng), QUARTER_CELL)[None]))
            rows.append(squares.flatten(0, 2)[:: rng.choice((2, 3))])
        data = torch.cat(rows)
        mean = data.mean(0)
        detail = data - data.unflatten(1, (3, -1)).mean(2).repeat_interleave(SQUARE**2, dim=1)
        weight = (detail.pow(2).mean(1).sqrt() + 0.02).rsqrt()
        weighted = (data - mean) * weight[:, None]
        _, vectors = torch.linalg.eigh(weighted.T @ weighted)
        basis = vectors.flip(1)[:, :COMPONENTS].contiguous()
        deviation = ((data - mean) @ basis).std(0)
        # The square root of a deviation keeps big components bigger: half-way to whitening.
        spread = deviation.sqrt()
        return cls(mean, basis, spread * (deviation / spread).pow(2).mean().sqrt())

    def encode(self, pictures: Tensor) -> Tensor:
        """[B, 3, 16 h, 16 w] in -1..1 -> [B, C, h, w], about unit variance over all channels."""
        code = (to_squares(pictures) - self.mean) @ self.basis / self.spread
        code = code.permute(0, 3, 1, 2)
        return torch.cat([alternation(code).expand(len(code), -1, -1, -1), code], dim=1)

    def decode(self, latents: Tensor) -> Tensor:
        """The nearest smooth picture: [B, C, h, w] -> [B, 3, 16 h, 16 w]."""
        squares = (latents[:, 2:].permute(0, 2, 3, 1) * self.spread) @ self.basis.T + self.mean
        b, h, w, _ = squares.shape
        return squares.view(b, h, w, 3, SQUARE, SQUARE).permute(0, 3, 1, 4, 2, 5).reshape(b, 3, h * SQUARE, w * SQUARE)


def alternation(like: Tensor) -> Tensor:
    """[1, 2, h, w]: the parity of a latent pixel's column and of its row, as -1 or 1."""
    h, w = like.shape[2:]
    columns = (torch.arange(w) % 2 * 2.0 - 1).expand(h, w)
    rows = (torch.arange(h) % 2 * 2.0 - 1)[:, None].expand(h, w)
    return torch.stack([columns, rows])[None]


def to_squares(pictures: Tensor) -> Tensor:
    """[B, 3, 16 h, 16 w] -> [B, h, w, 3 * 256]."""
    b, _, height, width = pictures.shape
    cut = pictures.view(b, 3, height // SQUARE, SQUARE, width // SQUARE, SQUARE)
    return cut.permute(0, 2, 4, 1, 3, 5).flatten(3)
