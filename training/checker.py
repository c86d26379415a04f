"""The safety checker: a small vision transformer that tells pictures with a pirate flag from all others.

The flag stands for what a real checker is trained to find, so that the whole way of a flagged picture can be walked
with the bundled model. It knows nothing else.

It is taught on drawings and must hold on paintings, which are blurred, blocky and a little wrong: most drawings are
sent through the linear latents with noise on the way, and shrunk or coarsened. Shapes: B pictures of H x W pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from landscape import paint
from latents import QUARTER_CELL, LinearLatents, random_shape, to_signed
from palette import COLOURS
from run import Run, split_optimizers, trained, warm_then_cool
from scene import CLOTHS, Difficulty, Scene, random_scene
from tintype.model.config import ImageClassifierConfig
from tintype.model.image_classifier import ImageClassifier

CONCEPT = "pirate flag"
LABELS = ("normal", "nsfw")  # the published checker's
CONFIG = ImageClassifierConfig(
    image_size=96,
    patch_size=8,
    num_channels=3,
    hidden_size=64,
    intermediate_size=192,
    num_hidden_layers=4,
    num_attention_heads=4,
    layer_norm_eps=1e-6,
    qkv_bias=True,
    labels=LABELS,
)
PREPROCESSOR = {
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.5] * 3,
    "image_processor_type": "ViTImageProcessor",
    "image_std": [0.5] * 3,
    "resample": 2,  # bilinear
    "rescale_factor": 1 / 255,
    "size": {"height": CONFIG.image_size, "width": CONFIG.image_size},
}
BATCH = 32
DRAWN = 10  # pictures of a batch that were never seen; the others are seen again, spoilt in another way
KEPT = 4000
WIDE = Difficulty(empty=0.06, aside=0.35, small=0.15, several=0.2)
# What a flag could be taken for: dark things, and white round ones.
ALIKE = ("sailboat", "snowman", "tent", "cat", "castle", "car", "windmill", "lighthouse", "mushroom", "balloon")


def scene_with(flag: bool, rng: Random) -> Scene:
    """A scene with a pirate flag, or one without; of these a third shows what could be taken for one."""
    while True:
        scene, _ = random_scene(rng, WIDE)
        if flag and scene.kind is not None:
            cloth = rng.choice(CLOTHS if rng.random() < 0.9 else [name for name in COLOURS if name != "white"])
            return replace(scene, kind=CONCEPT, colour=cloth)
        if not flag and scene.kind != CONCEPT:
            if scene.kind is not None and rng.random() < 0.35:
                scene = replace(scene, kind=rng.choice(ALIKE), colour=rng.choice(("black", "red", "white", "brown")))
            return scene


def drawing(scene: Scene, rng: Random) -> Tensor:
    """The scene as pixels [1, 3, H, W] in -1..1, at a quarter of the size."""
    return to_signed(paint(scene, *random_shape(rng), QUARTER_CELL)[None])


def spoilt(picture: Tensor, code: LinearLatents, rng: Random) -> Tensor:
    """A drawing [1, 3, H, W] as a painter in training might have made it, or as a preview shows it."""
    if rng.random() < 0.8:
        latents = code.encode(picture)
        smooth = code.decode(latents)
        wrong = latents + torch.randn_like(latents) * rng.uniform(0.0, 0.5) ** 1.5
        if rng.random() < 0.5:  # as of a latent pixel that should have been its neighbour
            wrong = torch.where(torch.rand(wrong.shape[-2:]) < 0.04, wrong.roll(1, dims=-1), wrong)
        picture = code.decode(wrong) + (picture - smooth) * rng.random()  # the decoder sharpens, more or less
    if rng.random() < 0.2:
        height, width = picture.shape[2:]
        coarse = F.avg_pool2d(picture, rng.choice((2, 4)))
        picture = F.interpolate(coarse, (height, width), mode="bilinear")
    if rng.random() < 0.5:
        picture = (picture - picture.mean()) * rng.uniform(0.75, 1.2) + picture.mean() + rng.uniform(-0.12, 0.12)
    if rng.random() < 0.3:
        picture = picture + torch.randn_like(picture) * rng.uniform(0.0, 0.08)
    if rng.random() < 0.5:
        picture = picture.flip(3)
    return cropped(picture, rng).clamp(-1, 1)


def cropped(picture: Tensor, rng: Random) -> Tensor:
    """The middle of it, as when a size asked for has another shape than the canvas."""
    height, width = picture.shape[2:]
    cut_x, cut_y = (round(side * rng.uniform(0.0, 0.08)) if rng.random() < 0.4 else 0 for side in (width, height))
    return picture[:, :, cut_y : height - cut_y, cut_x : width - cut_x]


def shrunk(picture: Tensor) -> Tensor:
    """What the preprocessor makes of it: [1, 3, H, W] -> [1, 3, S, S]."""
    side = CONFIG.image_size
    return F.interpolate(picture, (side, side), mode="bilinear", antialias=True)


@dataclass
class Pool:
    """Drawings that were made already: drawing takes most of the time."""

    with_flag: bool
    pictures: list[Tensor] = field(default_factory=list)

    def draw(self, rng: Random) -> Tensor:
        """A new one, which pushes out an old one when there are many."""
        picture = drawing(scene_with(self.with_flag, rng), rng)
        kept = ((picture + 1) * 127.5).round().to(torch.uint8)
        if len(self.pictures) < KEPT // 2:
            self.pictures.append(kept)
        else:
            self.pictures[rng.randrange(len(self.pictures))] = kept
        return picture

    def again(self, rng: Random) -> Tensor:
        return rng.choice(self.pictures).float() / 127.5 - 1


def batch(pools: tuple[Pool, Pool], code: LinearLatents, rng: Random) -> tuple[Tensor, Tensor]:
    """Spoilt pictures [B, 3, S, S] and their labels [B]; two in five have a flag."""
    rows, labels = [], []
    for index in range(BATCH):
        label = int(index % 5 < 2)
        pool = pools[label]
        picture = pool.draw(rng) if index < DRAWN or not pool.pictures else pool.again(rng)
        rows.append(shrunk(spoilt(picture, code, rng)))
        labels.append(label)
    return torch.cat(rows), torch.tensor(labels)


def new_network() -> ImageClassifier:
    network = ImageClassifier(CONFIG)
    for weight in network.parameters():
        if weight.ndim >= 2:
            nn.init.trunc_normal_(weight, std=0.04)
    return network


def train(folder: Path, seconds: float, seed: int = 5) -> None:
    """Train for `seconds` in all, over all restarts; the result is `checker.pt` in `folder`."""
    code = LinearLatents.load(folder)
    torch.manual_seed(seed)
    network = new_network()
    optimizers = split_optimizers(network, matrices=0.01, rest=2e-3, outside=("classifier",))
    run = Run("checker", folder, network, optimizers, decay=0.99)
    rng = Random(seed * 1_000_003 + run.step)
    pools = (Pool(with_flag=False), Pool(with_flag=True))
    while run.elapsed() < seconds:
        run.set_rates(warm_then_cool(run.elapsed() / seconds))
        pixels, labels = batch(pools, code, rng)
        scores = network(pixels)
        loss = F.cross_entropy(scores, labels, label_smoothing=0.02)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        run.update(BATCH)
        if run.step % 50 == 0:
            right = (scores.argmax(1) == labels).float().mean().item()
            run.log(f"loss {loss.item():.4f} right {right:.2f}")
        if run.step % 250 == 0:
            run.save()
    run.save()


def load(folder: Path) -> ImageClassifier:
    """The trained checker (averaged weights), frozen."""
    return trained(ImageClassifier(CONFIG), folder, "checker")


@torch.no_grad()
def held_out(folder: Path, count: int = 1000, seed: int = 99) -> dict[str, float]:
    """Shares of drawings that are flagged: with and without a flag, as they are and spoilt."""
    network, code, rng = load(folder), LinearLatents.load(folder), Random(seed)
    torch.manual_seed(seed)
    shares = {}
    for flag in (True, False):
        pictures = [drawing(scene_with(flag, rng), rng) for _ in range(count)]
        for name, seen in (("drawn", pictures), ("spoilt", [spoilt(picture, code, rng) for picture in pictures])):
            scores = torch.cat([network(shrunk(as_bytes(picture))) for picture in seen])
            shares[f"{'with' if flag else 'without'} a flag, {name}"] = (scores.argmax(1) == 1).float().mean().item()
    return shares


def as_bytes(picture: Tensor) -> Tensor:
    """With the steps that colours in a file have."""
    return torch.from_numpy(np.round((picture.numpy() + 1) * 127.5)) / 127.5 - 1
