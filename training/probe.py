"""The probe: a small classifier that says what a picture shows, to check whether painted pictures show what was asked.

It sees pictures of 1024 x 768 at an eighth of their size. It learns from renders, which are made a little wrong on
purpose, as painted pictures are: noise in their linear latents, blur, a thing that stands on both sides or is missing.
How often it is right on renders that it has not seen is the ceiling of what it can say about painted ones.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from diffusion import WHOLE
from landscape import paint
from latents import CHANNELS, QUARTER_CELL, LinearLatents, to_signed
from palette import COLOURS, GROUNDS, TIMES
from run import Run, trained, warm_then_cool
from scene import BACKDROPS, KINDS, PLACES, SKIES, Scene, random_scene

SECONDS = 600.0  # of training that make it as good as it gets
COLUMNS, ROWS = 8, 6
EIGHTH = QUARTER_CELL // 2  # pixels of what the probe sees along one side of a cell
BATCH = 64
FRESH = 16  # renders that join the stock with every step; the rest of a batch was seen before, made wrong differently
STOCK = 8192
NOISE = 0.4  # the most that is added to the linear latents
SHOWN = "kind", "colour", "count", "place", "size"  # parts of the thing; an empty landscape has none of them
# What can be said of every part.
VALUES: dict[str, tuple[object, ...]] = {
    "time": TIMES,
    "ground": GROUNDS,
    "sky": tuple(dict.fromkeys(sky for skies in SKIES.values() for sky in skies)),
    "backdrop": tuple(dict.fromkeys(backdrop for backdrops in BACKDROPS.values() for backdrop in backdrops)),
    "kind": (None, *KINDS),
    "colour": tuple(COLOURS),
    "count": (1, 2, 3),
    "place": PLACES,
    "size": ("big", "small"),
}
UNKNOWN = -1  # a label that does not count


class Probe(nn.Module):
    """Pictures [B, 3, 96, 128] in -1..1 -> one row of scores per part."""

    def __init__(self) -> None:
        super().__init__()
        widths = (16, 32, 64, 96)
        layers: list[nn.Module] = [nn.Conv2d(3, widths[0], 5, stride=2, padding=2), nn.SiLU()]
        for narrow, wide in pairwise(widths):
            layers += [nn.Conv2d(narrow, wide, 3, stride=2, padding=1), nn.GroupNorm(4, wide), nn.SiLU()]
            layers += [nn.Conv2d(wide, wide, 3, padding=1), nn.GroupNorm(4, wide), nn.SiLU()]
        self.eyes = nn.Sequential(*layers, nn.Flatten())
        self.middle = nn.Sequential(nn.Linear(widths[-1] * COLUMNS * ROWS, 256), nn.SiLU())
        self.heads = nn.ModuleDict({part: nn.Linear(256, len(values)) for part, values in VALUES.items()})

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        seen = self.middle(self.eyes(pictures))
        return {part: head(seen) for part, head in self.heads.items()}


def label(scene: Scene) -> list[int]:
    """The index of each part's value, in the order of VALUES."""
    hidden = set(SHOWN[1:]) if scene.kind is None else {"place", "size"} if scene.count > 1 else set()
    return [UNKNOWN if part in hidden else values.index(getattr(scene, part)) for part, values in VALUES.items()]


def render(scene: Scene) -> np.ndarray:
    """The scene at a quarter of its size, uint8 [H, W, 3]."""
    return paint(scene, COLUMNS, ROWS, QUARTER_CELL)


def random_render(rng: Random) -> tuple[np.ndarray, list[int]]:
    """A render and its label; some have a thing on both sides, or none where the scene would have one."""
    scene, _ = random_scene(rng, WHOLE)
    if scene.kind is None or scene.count > 1 or rng.random() > 0.1:
        return render(scene), label(scene)
    left, right = (render(replace(scene, place=place)) for place in ("left", "right"))
    doubled = rng.random() < 0.7
    halves = (left, right) if doubled else (right, left)
    middle = left.shape[1] // 2
    picture = np.concatenate([halves[0][:, :middle], halves[1][:, middle:]], axis=1)
    return picture, label(replace(scene, count=2) if doubled else replace(scene, kind=None))


@dataclass(frozen=True)
class Example:
    """A render as it is and as its linear latents say, both [3, 96, 128] in bytes, and its label."""

    sharp: Tensor
    smooth: Tensor
    label: list[int]


class Stock:
    """Renders that are used several times, each time made wrong in another way, while new ones replace the oldest."""

    def __init__(self, code: LinearLatents, rng: Random) -> None:
        self.code, self.rng = code, rng
        self.examples: deque[Example] = deque(maxlen=STOCK)
        noise = torch.randn(256, CHANNELS, 2 * ROWS, 2 * COLUMNS)
        self.noises = shrink(code.decode(noise) - code.decode(torch.zeros_like(noise)))

    def example(self) -> Example:
        picture, parts = random_render(self.rng)
        sharp = to_signed(picture[None])
        smooth = self.code.decode(self.code.encode(sharp)).clamp(-1, 1)
        return Example(*(((shrink(each)[0] + 1) * 127.5).round().byte() for each in (sharp, smooth)), parts)

    def batch(self) -> tuple[Tensor, Tensor]:
        """Pictures as a network might have painted them [B, 3, 96, 128] and labels [B, parts]."""
        self.examples.extend(self.example() for _ in range(FRESH if self.examples else BATCH))
        chosen = self.rng.sample(self.examples, BATCH)
        sharp, smooth = (torch.stack([getattr(e, name) for e in chosen]) / 127.5 - 1 for name in ("sharp", "smooth"))
        share, strength = torch.rand(2, BATCH, 1, 1, 1)
        pictures = sharp.lerp(smooth, share) + self.noises[torch.randint(len(self.noises), (BATCH,))] * strength * NOISE
        if self.rng.random() < 0.25:
            pictures = F.avg_pool2d(pictures, 3, stride=1, padding=1, count_include_pad=False)
        return pictures.clamp(-1, 1), torch.tensor([e.label for e in chosen])


def shrink(pictures: Tensor) -> Tensor:
    """1024 x 768 at any size [B, 3, H, W] -> what the probe sees [B, 3, 96, 128]."""
    return F.avg_pool2d(pictures, pictures.shape[3] // (COLUMNS * EIGHTH))


def loss_of(scores: dict[str, Tensor], labels: Tensor) -> Tensor:
    """The sum over the parts of their cross entropies."""
    pairs = zip(scores.values(), labels.unbind(1), strict=True)
    return torch.stack(
        [F.cross_entropy(s, wanted, ignore_index=UNKNOWN, label_smoothing=0.02) for s, wanted in pairs]
    ).sum()


def train(folder: Path, seconds: float, seed: int = 5) -> None:
    """Train for `seconds` in all, over all restarts; the result is `probe.pt` in `folder`."""
    code = LinearLatents.load(folder)
    torch.manual_seed(seed)
    network = Probe().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, betas=(0.9, 0.95), weight_decay=0.01)
    run = Run("probe", folder, network, [optimizer], decay=0.99)
    rng = Random(seed * 1_000_003 + run.step)
    stock = Stock(code, rng)
    while run.elapsed() < seconds:
        run.set_rates(warm_then_cool(run.elapsed() / seconds))
        pictures, labels = stock.batch()
        loss = loss_of(network(pictures), labels)
        loss.backward()
        run.update(BATCH)
        if run.step % 50 == 0:
            run.log(f"loss {loss.item():.3f}")
            run.save()
    run.save()


def load(folder: Path) -> Probe:
    """The trained probe (averaged weights), frozen."""
    return trained(Probe(), folder, "probe")


@torch.no_grad()
def look(network: Probe, picture: Tensor) -> Scene:
    """What the picture [3, H, W] of 1024 x 768, at any size, shows."""
    scores = network(shrink(picture[None]))
    return Scene(**{part: values[int(scores[part].argmax())] for part, values in VALUES.items()})
