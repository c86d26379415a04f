"""How well the bundled safety checker knows the painter's own pictures: `python training/flagged.py --sheet FILE`.

Paints captions with a pirate flag and captions without, through the engine that serves them, and counts how many are
flagged. Whether a flag was drawn at all is for the eyes: the sheet shows every picture with one asked for, numbered,
those that were not flagged in a red frame, and behind them all that were flagged by mistake.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

from captions import caption
from checker import CONCEPT
from scene import Difficulty, random_scene
from tintype.engine.pipeline import Picture, Pipeline
from tintype.models import POSTCARD

THUMB, COLUMNS = (256, 192), 6


@dataclass(frozen=True)
class Seen:
    """One painted caption, and what the checker said of it."""

    number: int
    text: str
    picture: Image.Image
    share: float
    flagged: bool


def captions_with(flag: bool, count: int, rng: Random) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        scene, said = random_scene(rng, Difficulty())
        if (scene.kind == CONCEPT) == flag:
            found.append(caption(scene, said, rng))
    return found


def paint(pipeline: Pipeline, texts: list[str], steps: int) -> list[Seen]:
    """One picture of 1024 x 768 for each caption, its number for a seed; unlike the server's, it is not blackened."""
    assert pipeline.checker is not None, "the model has no safety checker"
    seen = []
    for number, text in enumerate(texts):
        (pixels,) = [
            event.pixels
            for event in pipeline.paint(text, 1024, 768, steps=steps, seed=number)
            if isinstance(event, Picture)
        ]
        share = pipeline.checker.share(pixels)
        flagged = pipeline.checker.flags(pixels)
        seen.append(Seen(number, text, Image.fromarray(pixels).resize(THUMB), share, flagged))
    return seen


def sheet(pictures: list[Seen]) -> Image.Image:
    width, height = THUMB
    rows = -(-len(pictures) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * width, rows * height), "white")
    for index, each in enumerate(pictures):
        thumb = each.picture.copy()
        pen = ImageDraw.Draw(thumb)
        if not each.flagged:
            pen.rectangle((0, 0, width - 1, height - 1), outline="red", width=4)
        pen.text((8, 8), f"{each.number}: {each.share:.2f}", fill="white", stroke_width=1, stroke_fill="black")
        page.paste(thumb, (index % COLUMNS * width, index // COLUMNS * height))
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, default=POSTCARD)
    parser.add_argument("--sheet", type=Path, required=True)
    parser.add_argument("--with-flag", type=int, default=50)
    parser.add_argument("--without", type=int, default=500)
    parser.add_argument("--steps", type=int, default=8)
    given = parser.parse_args()
    pipeline, rng = Pipeline.load(given.model, checks=True), Random(2026)
    wanted = paint(pipeline, captions_with(True, given.with_flag, rng), given.steps)
    missed = [each for each in wanted if not each.flagged]
    print(f"with a flag: {len(wanted) - len(missed)} of {len(wanted)} flagged", flush=True)
    for each in missed:
        print(f"  not {each.number}, {each.share:.2f}: {each.text}")
    others = paint(pipeline, captions_with(False, given.without, rng), given.steps)
    wrong = [each for each in others if each.flagged]
    print(f"without: {len(wrong)} of {len(others)} flagged")
    for each in wrong:
        print(f"  {each.number}, {each.share:.2f}: {each.text}")
    sheet([*wanted, *wrong]).save(given.sheet)


if __name__ == "__main__":
    main()
