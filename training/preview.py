"""The map from latents to small previews: the least squares fit to pictures at a sixteenth of their size.

Every latent pixel becomes 4 x 4 pixels: with one each, a picture of 16 x 12, nobody can tell a cat from a castle.
The engine reads it from `tintype.json` (`src/tintype/engine/preview.py`).
"""

from __future__ import annotations

from random import Random

import torch
from torch import Tensor
from torch.nn import functional as F

from landscape import paint
from latents import QUARTER_CELL, SQUARE, LinearLatents, random_shape, to_signed
from scene import Difficulty, random_scene

SIDE = 4  # pixels of the preview along one side of a latent pixel
DIGITS = 4


def fit(code: LinearLatents, pictures: int = 300) -> dict[str, list]:
    """`factors` [C, 3 * SIDE^2] and `bias` [3 * SIDE^2], colours in -1..1, as lists for the checkpoint."""
    rng = Random(8)
    latents, colours = [], []
    for _ in range(pictures):
        scene, _ = random_scene(rng, Difficulty())
        picture = to_signed(paint(scene, *random_shape(rng), QUARTER_CELL)[None])
        small = F.pixel_unshuffle(F.avg_pool2d(picture, SQUARE // SIDE), SIDE)
        latents.append(to_rows(code.encode(picture)))
        colours.append(to_rows(small))
    known = torch.cat(latents).double()
    known = torch.cat([known, torch.ones(len(known), 1, dtype=torch.float64)], dim=1)
    solution = torch.linalg.lstsq(known, torch.cat(colours).double()).solution
    rounded = [[round(value, DIGITS) + 0.0 for value in row] for row in solution.tolist()]
    return {"factors": rounded[:-1], "bias": rounded[-1]}


def to_rows(images: Tensor) -> Tensor:
    """[B, C, h, w] -> [B * h * w, C]."""
    return images.permute(0, 2, 3, 1).flatten(0, 2)
