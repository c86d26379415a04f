"""All sizes: a sheet of every preset and some odd ones, figures for seams and doubled horizons (`postcard.py --sizes`).

The render that a caption asks for is known exactly, at every size the model paints natively. Beside that render, a
picture with tiles has larger steps at the borders of the latents' squares, and one with a second horizon or a frame has
other colours from row to row or from column to column: 20 to 45 for a second horizon, 10 to 30 for a frame, mostly.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

import diffusion
import sheet
from canvas import CELL
from captions import describe
from evaluate import SEED
from landscape import paint
from latents import SHAPES
from scene import random_scene
from tintype.api.schemas import PRESETS
from tintype.engine.pipeline import Pipeline

SQUARE = CELL // 2  # pixels of a latent pixel
SIDES = 200, 1600  # of odd sizes, in pixels
PROMPTS = (
    "a red sailboat on a calm sea at sunset",
    "a house in a meadow with mountains behind",
    "a green cactus in the desert by day",
    "a pine tree in the snow at night",
    "an empty beach under a cloudy sky",
    "a lighthouse on the sea at dawn",
)


def wished(odd: int = 20) -> list[tuple[int, int]]:
    """All presets, then `odd` sizes by chance, the same ones every time."""
    rng = Random(20)
    return [*PRESETS.values(), *((rng.randint(*SIDES), rng.randint(*SIDES)) for _ in range(odd))]


def make(checkpoint: Path, path: Path) -> None:
    """Write the sheet; ends with an error if a picture has not exactly the size asked for."""
    pipeline = Pipeline.load(checkpoint)
    tiles = []
    for seed, (width, height) in enumerate(wished()):
        prompt = PROMPTS[seed % len(PROMPTS)]
        picture = sheet.paint(pipeline, prompt, width, height, seed)
        if picture.size != (width, height):
            raise SystemExit(f"{width} x {height} was asked for, and {picture.width} x {picture.height} was painted")
        picture.thumbnail(sheet.TILE, Image.Resampling.BOX)
        tiles.append((picture, f"{width} x {height}: {prompt} ({seed})"))
    sheet.arrange(tiles, path)


@dataclass(frozen=True)
class Faults:
    """What is wrong with pictures of one native size, as means over them."""

    width: int
    height: int
    seams: float
    """Steps of colour across the squares' borders relative to other steps, over the same in the renders; 1 is best."""
    bands: float
    """How far the mean colours of rows, and of columns, are from the render's, in steps of 255; 0 is best."""


def faults(checkpoint: Path, pictures: int = 4) -> list[Faults]:
    """The faults at every native size, on `pictures` held-out scenes each, fully described."""
    pipeline = Pipeline.load(checkpoint)
    rng = Random(SEED)
    found = []
    for columns, rows in SHAPES:
        measured = [fault(pipeline, rng, columns, rows, seed) for seed in range(pictures)]
        seams, bands = np.mean(measured, axis=0).tolist()
        found.append(Faults(columns * CELL, rows * CELL, seams, bands))
    return found


def fault(pipeline: Pipeline, rng: Random, columns: int, rows: int, seed: int) -> tuple[float, float]:
    """Seams and bands of one picture."""
    width, height = columns * CELL, rows * CELL
    scene, _ = random_scene(rng, diffusion.EASY)
    painted = np.asarray(sheet.paint(pipeline, describe(scene, rng), width, height, seed), dtype=np.float32)
    render = paint(scene, columns, rows, CELL).astype(np.float32)
    bands = max(np.abs(painted.mean(axis) - render.mean(axis)).mean() for axis in (0, 1))
    return seams(painted) / seams(render), bands


def seams(pixels: np.ndarray) -> float:
    """The mean step of colour across the borders of squares over the mean step elsewhere."""
    at_borders, elsewhere = [], []
    for axis in (0, 1):
        steps = np.abs(np.diff(pixels, axis=axis)).mean((1 - axis, 2))
        border = np.arange(1, len(steps) + 1) % SQUARE == 0
        at_borders.append(steps[border].mean())
        elsewhere.append(steps[~border].mean())
    return float(np.mean(at_borders) / np.mean(elsewhere))


def report(checkpoint: Path) -> str:
    lines = ["| size | seams (a render has 1) | bands (a render has 0) |", "| --- | --- | --- |"]
    lines += [f"| {f.width}x{f.height} | {f.seams:.2f} | {f.bands:.1f} |" for f in faults(checkpoint)]
    return "\n".join(lines)
