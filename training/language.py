"""The text encoder, trained as a language model: a short caption in, the description of a richer picture out.

This teaches it what the words mean before the transformer reads them, and it lets the same weights expand
prompts. Once there is a transformer, what that reads is frozen: only the last layer and the final norm, which serve
the writing alone, are trained on.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from captions import caption, describe
from run import Run, split_optimizers, trained, warm_then_cool
from scene import Difficulty, enriched, random_scene
from tintype.model.config import TextEncoderConfig
from tintype.model.text_encoder import TextEncoder
from tintype.model.tokenizer import Tokenizer
from vocabulary import SIZE, prompt

CONFIG = TextEncoderConfig(
    vocab_size=SIZE,
    hidden_size=256,
    intermediate_size=768,
    num_hidden_layers=4,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=64,
    rms_norm_eps=1e-6,
    rope_theta=1_000_000,
)
BATCH = 32
IGNORED = -100


def batch(tokenizer: Tokenizer, rng: Random, reading: bool) -> tuple[Tensor, Tensor]:
    """Token ids and the ids that follow them, both [B, L]; when `reading` is learnt too, the user's own words count."""
    ids, targets = [], []
    for _ in range(BATCH):
        scene, said = random_scene(rng, Difficulty())
        asked = tokenizer.ids(prompt(caption(scene, said, rng)))
        row = asked + tokenizer.ids(describe(enriched(scene, said, rng), rng) + "<|im_end|>")
        ids.append(torch.tensor(row))
        targets.append(torch.tensor([*row[1:], IGNORED]))
        if not reading:
            targets[-1][: len(asked) - 1] = IGNORED
    return pad_sequence(ids, batch_first=True), pad_sequence(targets, batch_first=True, padding_value=IGNORED)


def keep_features(network: TextEncoder) -> dict[str, Tensor]:
    """Freeze all that the transformer's features come from, the embedding included; the frozen weights."""
    network.requires_grad_(False)
    network.model.layers[-1].requires_grad_(True)
    network.model.norm.requires_grad_(True)
    return {name: weight.clone() for name, weight in network.named_parameters() if not weight.requires_grad}


def train(folder: Path, seconds: float, seed: int = 1) -> None:
    """Train for `seconds` in all, over all restarts; the result is `language.pt` in `folder`."""
    tokenizer = Tokenizer(folder / "tokenizer")
    torch.manual_seed(seed)
    network = TextEncoder(CONFIG)
    for weight in network.parameters():
        if weight.ndim == 2:
            torch.nn.init.normal_(weight, std=0.03)
    optimizers = split_optimizers(network, matrices=0.01, rest=2e-3, outside=("embed",))
    run = Run("language", folder, network, optimizers, decay=0.99)
    frozen: dict[str, Tensor] = {}
    if (folder / "diffusion.pt").exists():
        network.load_state_dict(run.average.weights)  # which is what the transformer reads
        frozen = keep_features(network)
    rng = Random(seed * 1_000_003 + run.step)
    while run.elapsed() < seconds:
        run.set_rates(warm_then_cool(run.elapsed() / seconds))
        ids, targets = batch(tokenizer, rng, reading=not frozen)
        loss = F.cross_entropy(network.logits(ids).flatten(0, 1), targets.flatten(), ignore_index=IGNORED)
        loss.backward()
        run.update(BATCH)
        if run.step % 50 == 0:
            run.log(f"loss {loss.item():.3f}")
        if run.step % 250 == 0:
            run.save()
    assert all(torch.equal(run.average.weights[name], weight) for name, weight in frozen.items())
    run.save()


def load(folder: Path) -> TextEncoder:
    """The trained text encoder (averaged weights), frozen."""
    return trained(TextEncoder(CONFIG), folder, "language")
