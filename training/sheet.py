"""Sheets of pictures for the eyes, painted by the engine's own pipeline: `postcard.py --sheet FILE`.

The prompts were written by hand, in words as they come to mind, before anyone saw their pictures; the grammar of
`captions.py` says none of them. Prompt n is painted with seed n, and nothing is picked or touched up.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from diffusion import STEPS
from tintype.engine.pipeline import Picture, Pipeline

PROMPTS = (
    "lighthouse shining over the ocean at night",
    "a little red boat sailing into the sunset",
    "my orange cat sitting in the garden on a sunny afternoon",
    "a cozy cabin covered in snow with mountains behind it",
    "old windmill and green fields, cloudy weather",
    "hot air balloon rising over the desert at sunrise",
    "yellow car driving across the desert",
    "a purple tent pitched beneath the stars",
    "three palm trees along the beach at sunset",
    "snowman wearing a blue scarf, pine forest behind him",
    "a giant cactus standing alone in the hot desert",
    "pink flower growing out of brown dirt",
    "two black cats next to each other in the grass",
    "gloomy grey day, an old stone castle on the hills",
    "a rainbow after the rain over green hills",
    "blue house over on the left, snow all around",
    "a white sailboat way over on the right, blue water",
    "one red mushroom growing near the woods",
    "the moon and the stars above a quiet sea",
    "sunrise in the snowy mountains",
    "one tall pine tree in fresh snow, night time",
    "a small green tent far off on the beach",
    "a pair of white cottages by the sea in the evening",
    "pirate flag waving over a sandy shore",
)
ACROSS, TILE, GAP = 4, (320, 240), 10
PAPER, INK = (250, 248, 242), (40, 40, 46)
LETTERS = ImageFont.load_default(14)
LINE, COLUMNS_OF_TEXT = 18, 44  # pixels from line to line, letters in one
QUALITY = 80


def paint(pipeline: Pipeline, prompt: str, width: int, height: int, seed: int) -> Image.Image:
    """The picture that a user gets."""
    steps = pipeline.paint(prompt, width, height, steps=STEPS, seed=seed)
    return next(Image.fromarray(step.pixels) for step in steps if isinstance(step, Picture))


def make(checkpoint: Path, path: Path) -> None:
    """Write the sheet of all prompts at 1024 x 768, shrunk, each with its prompt and seed below."""
    pipeline = Pipeline.load(checkpoint)

    def tiles() -> Iterator[tuple[Image.Image, str]]:
        for seed, prompt in enumerate(PROMPTS):
            picture = paint(pipeline, prompt, 1024, 768, seed)
            yield picture.resize(TILE, Image.Resampling.BOX), f"{prompt} ({seed})"

    arrange(list(tiles()), path)


def arrange(tiles: list[tuple[Image.Image, str]], path: Path) -> None:
    """Write pictures, none larger than TILE, in rows, with their words below."""
    width, height = TILE[0] + GAP, TILE[1] + 2 * LINE + GAP
    down = -(-len(tiles) // ACROSS)
    sheet = Image.new("RGB", (ACROSS * width + GAP, down * height + GAP), PAPER)
    pen = ImageDraw.Draw(sheet)
    for index, (picture, words) in enumerate(tiles):
        left, top = GAP + index % ACROSS * width, GAP + index // ACROSS * height
        sheet.paste(picture, (left + (TILE[0] - picture.width) // 2, top + (TILE[1] - picture.height) // 2))
        pen.text((left, top + TILE[1] + 2), textwrap.fill(words, COLUMNS_OF_TEXT), INK, LETTERS, spacing=2)
    sheet.save(path, quality=QUALITY)
