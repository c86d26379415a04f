"""The transformer: flow matching from noise to latents, on captions read by the frozen text encoder.

The last quarter of its time it learns from where its own steps lead (`polish.py`).

Shapes: B pictures, C channels, h x w latent pixels, n caption tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor, nn

import language
from captions import caption, describe
from landscape import paint
from latents import CHANNELS, QUARTER_CELL, LinearLatents, random_shape, to_signed
from polish import follow, visible_loss, walk
from run import Run, split_optimizers, trained, warm_then_cool
from scene import Difficulty, Scene, random_scene
from tintype.engine.precision import has_bf16
from tintype.model.config import TransformerConfig
from tintype.model.flow import add_noise, clean_at, shift_sigmas, sigmas_for, time_of, velocity_loss
from tintype.model.text_encoder import TextEncoder
from tintype.model.tokenizer import Tokenizer
from tintype.model.transformer import Transformer, padded

CONFIG = TransformerConfig(
    all_patch_size=(2,),
    all_f_patch_size=(1,),
    in_channels=CHANNELS,
    dim=256,
    n_layers=6,
    n_refiner_layers=1,
    n_heads=4,
    norm_eps=1e-5,
    cap_feat_dim=language.CONFIG.hidden_size,
    rope_theta=256.0,
    t_scale=1000.0,
    axes_dims=(16, 24, 24),
    axes_lens=(1536, 512, 512),
)
BATCH = 16
STEPS, SHIFT = 8, 3.0
COPY = 0.45  # undoes the embedder's gain and the final layer norm
LONG = 0.25  # share of batches whose captions fill 64 tokens instead of 32
# The curriculum: first one big thing in the middle, then more and more of everything, hard scenes above their share.
EASY = Difficulty(empty=0.08, aside=0.0, small=0.0, several=0.0)
WHOLE = Difficulty(aside=0.35, small=0.15, several=0.25)
EASY_SAMPLES, WIDENING, MOST_WHOLE = 10_000, 40_000, 0.8
HARD = Difficulty(aside=0.35, small=0.25, several=0.4)
POLISHING = 0.75  # the share of the training after which it polishes


@dataclass
class Words:
    """The frozen tokenizer and text encoder."""

    tokenizer: Tokenizer
    encoder: TextEncoder

    @classmethod
    def load(cls, folder: Path) -> Words:
        return cls(Tokenizer(folder / "tokenizer"), language.load(folder))

    @torch.no_grad()
    def read(self, captions: list[list[int]]) -> tuple[Tensor, Tensor]:
        """Prompts' ids -> features [B, n, D] and real lengths [B]; what is past a length is arbitrary."""
        lengths = torch.tensor([len(ids) for ids in captions])
        ids = torch.zeros(len(captions), int(lengths.max()), dtype=torch.long)
        for row, caption_ids in zip(ids, captions, strict=True):
            row[: len(caption_ids)] = torch.tensor(caption_ids)
        return self.encoder(ids), lengths


@dataclass
class Batch:
    """Pictures of one shape (in cells), the noise they are mixed with and the captions they belong to."""

    scenes: list[Scene]
    columns: int
    rows: int
    clean: Tensor  # [B, C, h, w]
    noise: Tensor  # [B, C, h, w]
    features: Tensor  # [B, n, D]
    lengths: Tensor  # [B]


def random_batch(words: Words, code: LinearLatents, rng: Random, difficulty: Difficulty) -> Batch:
    """Pictures of one shape whose captions fill one padded length, drawn on the spot."""
    columns, rows = random_shape(rng)
    noise = torch.randn(BATCH, CHANNELS, 2 * rows, 2 * columns)
    room = 64 if rng.random() < LONG else 32
    scenes, captions = [], []
    while len(scenes) < BATCH:
        scene, said = random_scene(rng, difficulty)
        text = caption(scene, said, rng) if room == 32 else long_caption(scene, said, rng)
        ids = words.tokenizer.prompt_ids(text)
        if padded(len(ids)) == room:
            scenes.append(scene)
            captions.append(ids)
    pictures = np.stack([paint(scene, columns, rows, QUARTER_CELL) for scene in scenes])
    clean = code.encode(to_signed(pictures))
    return Batch(scenes, columns, rows, clean, noise, *words.read(captions))


def share_of_whole(samples: int) -> float:
    """The share of batches from everything once `samples` pictures have been seen."""
    return max(0.0, min((samples - EASY_SAMPLES) / WIDENING, MOST_WHOLE))


def long_caption(scene: Scene, said: frozenset[str], rng: Random) -> str:
    return describe(scene, rng) if rng.random() < 0.8 else caption(scene, said, rng)


def random_sigmas(count: int) -> Tensor:
    """Noise levels: mostly the very ones that eight steps visit, else any, with the same shift."""
    grid = sigmas_for(STEPS, SHIFT)[:-1]
    visited = grid[torch.randint(STEPS, (count,))]
    anywhere = shift_sigmas(torch.rand(count), SHIFT)
    return torch.where(torch.rand(count) < 0.6, visited, anywhere)


def detail_weight(clean: Tensor, most: float) -> Tensor:
    """1..`most` per latent pixel: higher where there is something to see, else sky would outvote the thing."""
    detail = clean[:, 8:].pow(2).mean(1, keepdim=True).sqrt()
    weight = 1 + (most - 1) * (detail / 1.2).clamp(max=1)
    return weight / weight.mean()


@torch.no_grad()
def new_network() -> Transformer:
    """First weights with which the network already passes the noise on.

    The prediction is (picture - noisy latents) / sigma, so most of it is a copy of the input: 168 numbers a token
    through a stream 256 wide. Starting from that copy leaves all of training for the picture.
    """
    network = Transformer(CONFIG)
    for name, weight in network.named_parameters():
        if "pad_token" in name:
            nn.init.normal_(weight, std=0.02)
        elif "adaLN" in name:
            nn.init.normal_(weight, std=0.01)
            if name.endswith("bias") and "final" not in name:
                weight.view(4, -1)[[1, 3]] = 0.2  # gates start ajar, so that every block learns from the first step
    embedder, final = network.all_x_embedder["2-1"], network.all_final_layer["2-1"].linear
    nn.init.orthogonal_(embedder.weight, gain=2.0)
    final.weight.copy_(-embedder.weight.T * COPY)
    embedder.bias.zero_()
    final.bias.zero_()
    return network


def flow_error(network: Transformer, batch: Batch, most: float) -> Tensor:
    """The loss of one batch at random noise levels, as flow matching has it."""
    sigma = random_sigmas(BATCH)
    with torch.autocast("cpu", torch.bfloat16, enabled=has_bf16()):
        caption_tokens = network.refine_caption(batch.features, batch.lengths)
        prediction = network(add_noise(batch.clean, batch.noise, sigma), time_of(sigma), caption_tokens)
    return velocity_loss(prediction, batch.clean, batch.noise, detail_weight(batch.clean, most))


def visible_error(network: Transformer, batch: Batch, code: LinearLatents, rng: Random) -> Tensor:
    """The loss of one batch where the network's own steps lead it, by what one sees of it."""
    with torch.autocast("cpu", torch.bfloat16, enabled=has_bf16()):
        caption_tokens = network.refine_caption(batch.features, batch.lengths)
        x, sigma = walk(network, batch.clean, batch.noise, caption_tokens, sigmas_for(STEPS, SHIFT), rng)
        prediction = network(x, time_of(sigma).expand(BATCH), caption_tokens)
    return visible_loss(code, (clean_at(x, prediction, sigma) - batch.clean) / sigma)


def train(folder: Path, seconds: float, seed: int = 3) -> None:
    """Train for `seconds` in all, over all restarts; the result is `diffusion.pt` in `folder`."""
    words, code = Words.load(folder), LinearLatents.load(folder)
    torch.manual_seed(seed)
    network = new_network()
    outside = ("embedder", "final_layer", "adaLN", "pad_token")
    run = Run("diffusion", folder, network, split_optimizers(network, 1.5e-2, 2e-3, outside), decay=0.995)
    torch.manual_seed(seed * 1_000_003 + run.step)
    rng = Random(seed * 1_000_003 + run.step)
    losses: dict[Difficulty, list[float]] = {EASY: [], WHOLE: [], HARD: []}
    while run.elapsed() < seconds:
        done = run.elapsed() / seconds
        run.set_rates(warm_then_cool(done))
        if done > POLISHING:
            difficulty = HARD
            batch = random_batch(words, code, rng, difficulty)
            loss = visible_error(network, batch, code, rng)
        else:
            difficulty = WHOLE if rng.random() < share_of_whole(run.samples) else EASY
            batch = random_batch(words, code, rng, difficulty)
            loss = flow_error(network, batch, most=6 if done < 0.6 else 3)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        run.update(BATCH)
        losses[difficulty].append(loss.item())
        if run.step % 50 == 0:
            easy, whole, seen = (sum(some) / max(1, len(some)) for some in losses.values())
            run.log(f"loss {easy:.4f} (easy) {whole:.4f} (whole) {seen:.4f} (polishing) rate {run.rate:.1e}")
            losses = {EASY: [], WHOLE: [], HARD: []}
            run.save()
    run.save()


def load(folder: Path) -> Transformer:
    """The trained transformer (averaged weights), frozen."""
    return trained(Transformer(CONFIG), folder, "diffusion")


@torch.no_grad()
def sample(network: Transformer, words: Words, prompt: str, columns: int, rows: int, seeds: list[int]) -> Tensor:
    """Latents [len(seeds), C, 2 rows, 2 columns] of pictures of one prompt, in eight steps."""
    features, _ = words.read([words.tokenizer.prompt_ids(prompt)])
    tokens = network.refine_caption(features).expand(len(seeds), -1, -1)
    shape = (CHANNELS, 2 * rows, 2 * columns)
    x = torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])
    return follow(network, x, tokens, sigmas_for(STEPS, SHIFT))
