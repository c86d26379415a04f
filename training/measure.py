"""How well the transformer follows the words, in figures: is the picture nearest to what was asked?

For a generated picture we draw what was asked for and, beside it, the same scene with every other kind (or colour,
time, ground, place, size, number). The part is right when the right drawing is the nearest. No classifier has to be
trained or believed; `sheet.py` is for the eyes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor

import diffusion
from captions import caption
from landscape import horizon_of, paint
from latents import QUARTER_CELL, LinearLatents, to_signed
from palette import COLOURS, GROUNDS, TIMES
from scene import BACKDROPS, KINDS, PLACES, SKIES, Scene, random_scene

COLUMNS, ROWS = 8, 6
NAMED = frozenset({"time", "ground", "colour"})


@dataclass(frozen=True)
class Part:
    """A part of a scene that can be right or wrong: its other values, and whether only the thing's box counts."""

    others: Callable[[Scene], list[Scene]]
    boxed: bool

    @property
    def chance(self) -> float:
        return 1 / len(self.others(Scene(kind="house")))


PARTS = {
    "time": Part(lambda s: [replace(s, time=time, sky=SKIES[time][0]) for time in TIMES], boxed=False),
    "ground": Part(lambda s: [replace(s, ground=g, backdrop=BACKDROPS[g][0]) for g in GROUNDS], boxed=False),
    "kind": Part(lambda s: [replace(s, kind=kind) for kind in KINDS], boxed=True),
    "colour": Part(lambda s: [replace(s, colour=colour) for colour in COLOURS], boxed=True),
}
# Asked of captions of their own, each value as often as the others.
HARD_PARTS = {
    "place": Part(lambda s: [replace(s, place=place) for place in PLACES], boxed=False),
    "size": Part(lambda s: [replace(s, size=size) for size in ("small", "big")], boxed=False),
    "number": Part(lambda s: [replace(s, count=count) for count in (1, 2, 3)], boxed=False),
}


def drawings(scene: Scene) -> Tensor:
    """The scene as pixels [4, 3, H, W] under a few seeds, for the seed of a generated picture is not the drawing's."""
    sheets = [paint(replace(scene, seed=seed), COLUMNS, ROWS, QUARTER_CELL) for seed in range(4)]
    return to_signed(np.stack(sheets))


def box(pixels: Tensor) -> Tensor:
    """The part of a picture where a big thing in the middle stands."""
    k, foot = QUARTER_CELL, horizon_of(ROWS) + 1
    left, right = COLUMNS // 2 * k - 7 * k // 4, COLUMNS // 2 * k + 7 * k // 4
    return pixels[..., foot * k - 3 * k : foot * k, left:right]


def is_right(generated: Tensor, scene: Scene, part: Part) -> bool:
    """Whether among the scene and its alternatives the drawing nearest to `generated` [3, H, W] is the scene."""
    cut = box if part.boxed else lambda pixels: pixels
    candidates = part.others(scene)
    distances = [(cut(drawings(other)) - cut(generated)).pow(2).mean((1, 2, 3)).min().item() for other in candidates]
    return candidates[int(np.argmin(distances))] == scene


def random_plain_scene(rng: Random) -> Scene:
    """One big thing in the middle, before whatever is usual."""
    scene, _ = random_scene(rng, replace(diffusion.EASY, empty=0.0))
    return replace(scene, sky=SKIES[scene.time][0], backdrop=BACKDROPS[scene.ground][0])


def measure(folder: Path, count: int = 48) -> dict[str, float]:
    """Shares of generated pictures that have each part right, over `count` captions that name them all.

    The hard parts get `count` captions each.
    """
    network, words = diffusion.load(folder), diffusion.Words.load(folder)
    code = LinearLatents.load(folder / "latents.safetensors")

    def generate(scene: Scene, said: frozenset[str], rng: Random, seed: int) -> Tensor:
        latents = diffusion.sample(network, words, caption(scene, said, rng), COLUMNS, ROWS, [seed])
        return code.decode(latents)[0].clamp(-1, 1)

    right = dict.fromkeys(PARTS | HARD_PARTS, 0)
    rng = Random(31_337)
    for index in range(count):
        scene = random_plain_scene(rng)
        generated = generate(scene, NAMED, rng, index)
        for name, part in PARTS.items():
            right[name] += is_right(generated, scene, part)
    for name, part in HARD_PARTS.items():
        for index in range(count):
            values = part.others(random_plain_scene(rng))
            scene = values[index % len(values)]
            right[name] += is_right(generate(scene, NAMED | {name}, rng, index), scene, part)
    return {name: hits / count for name, hits in right.items()}


def report(folder: Path) -> str:
    torch.manual_seed(0)
    parts = PARTS | HARD_PARTS
    return "\n".join(
        f"{name:8s} {share:.2f}  (chance {parts[name].chance:.2f})" for name, share in measure(folder).items()
    )
