"""The autoencoder's encoder: learns to give the fixed linear latents from a full-size picture.

Pictures are painted without it; it makes the folder complete, for image-to-image.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import torch
from torch import nn
from torch.nn import functional as F

from canvas import CELL
from decoder import CONFIG, random_picture
from latents import CHANNELS, LinearLatents
from run import Run, warm_then_cool
from tintype.model.autoencoder import Autoencoder, Encoder

LOG_VARIANCE = -10.0  # next to none: the latents are a function of the picture


@torch.no_grad()
def initialise(encoder: Encoder) -> None:
    """Resnets that add nothing, and a narrow posterior."""
    for module in encoder.modules():
        if hasattr(module, "conv2"):
            module.conv2.weight.zero_()
            module.conv2.bias.zero_()
    encoder.conv_out.weight[CHANNELS:].zero_()
    encoder.conv_out.bias[CHANNELS:] = LOG_VARIANCE


def train(folder: Path, seconds: float, seed: int = 4) -> None:
    """Train for `seconds` in all, over all restarts; the result is `encoder.pt` in `folder`."""
    code = LinearLatents.load(folder)
    torch.manual_seed(seed)
    encoder = Autoencoder(CONFIG).encoder
    initialise(encoder)
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=2e-3, betas=(0.9, 0.95), weight_decay=0.0)
    run = Run("encoder", folder, encoder, [optimizer], decay=0.99)
    rng = Random(seed * 1_000_003 + run.step)
    while run.elapsed() < seconds:
        run.set_rates(warm_then_cool(run.elapsed() / seconds))
        picture, z = random_picture(code, rng, CELL)
        mean, logvar = encoder(picture).chunk(2, dim=1)
        loss = F.mse_loss(mean, z) + 0.01 * (logvar - LOG_VARIANCE).pow(2).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        run.update(1)
        if run.step % 50 == 0:
            run.log(f"loss {loss.item():.4f}")
        if run.step % 200 == 0:
            run.save()
    run.save()
