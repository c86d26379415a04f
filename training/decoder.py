"""The autoencoder's decoder: learns to draw sharply from the fixed linear latents.

Its first weights (`unfolding.py`) already draw the smooth picture that the latents code, at a quarter of the size.
Those weights are kept. What is trained is what they leave free: a third resnet on every level, which learns to remove
the blocks and blurs of the smooth picture, and then everything from a quarter of the size to the whole.

Shapes: B pictures, h x w latent pixels of 64 x 64 pixels.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import unfolding
from canvas import CELL
from landscape import paint
from latents import CHANNELS, QUARTER_CELL, LinearLatents, random_shape, to_signed
from run import Run, warm_then_cool
from scene import Difficulty, random_scene
from tintype.model.autoencoder import Autoencoder, Decoder
from tintype.model.config import AutoencoderConfig

CONFIG = AutoencoderConfig(
    in_channels=3,
    out_channels=3,
    latent_channels=CHANNELS,
    block_out_channels=(12, 16, 32, 64, 96, 128, 160),
    layers_per_block=2,
    norm_num_groups=1,
    scaling_factor=1.0,
    shift_factor=0.0,
    mid_block_add_attention=False,
)
QUARTER = 4  # the level at which a latent pixel has become 16 x 16 pixels
LOWER = 0.2  # share of the time for the levels up to there
EDGE = 16  # pixels along a crop's edge that see what is not there


def quarter_features(decoder: Decoder, z: Tensor) -> Tensor:
    """The decoder up to a quarter of the size [B, 32, 16 h, 16 w]."""
    x = decoder.mid_block(decoder.conv_in(z))
    for block in decoder.up_blocks[:QUARTER]:
        x = block(x)
    for resnet in decoder.up_blocks[QUARTER].resnets:
        x = resnet(x)
    return x


def quarter_picture(x: Tensor) -> Tensor:
    """The colours among those features, as pixels [B, 3, 16 h, 16 w]."""
    first = 4 + 2 * unfolding.CODES[-2]
    return x[:, first : first + 3] / 6


def sharpen(decoder: Decoder, x: Tensor) -> Tensor:
    """The rest of the decoder: [B, 32, 16 h, 16 w] -> pixels [B, 3, 64 h, 64 w]."""
    x = decoder.up_blocks[QUARTER].upsamplers[0](x)
    for block in decoder.up_blocks[QUARTER + 1 :]:
        x = block(x)
    return decoder.conv_out(F.silu(decoder.conv_norm_out(x)))


def free_modules(decoder: Decoder) -> tuple[list[nn.Module], list[nn.Module]]:
    """What is trained: first up to a quarter of the size, then beyond."""
    lower = [*decoder.mid_block.resnets, *decoder.up_blocks[0].resnets]
    lower += [block.resnets[2] for block in decoder.up_blocks[1 : QUARTER + 1]]
    upper = [decoder.up_blocks[QUARTER].upsamplers, *decoder.up_blocks[QUARTER + 1 :]]
    return lower, [*upper, decoder.conv_norm_out, decoder.conv_out]


def optimizer_for(modules: list[nn.Module]) -> torch.optim.Optimizer:
    """Adam moves every weight equally far, so the more inputs a convolution adds up the slower each must go."""
    groups = []
    for weight in (weight for module in modules for weight in module.parameters()):
        rate = 1e-3 if weight.ndim == 1 else min(1e-3, 0.15 / weight[0].numel())
        groups.append({"params": [weight], "lr": rate})
    return torch.optim.AdamW(groups, betas=(0.9, 0.95), weight_decay=0.0)


def spare_constants(decoder: Decoder) -> None:
    """Drop the gradients of weights that read the large constants directly: one step would upset everything."""
    for name, module in decoder.named_modules():
        linear = isinstance(module, nn.Conv2d) and ("upsamplers" in name or "shortcut" in name)
        if linear and module.weight.grad is not None:
            module.weight.grad[:, -2:] = 0


def new_decoder(code: LinearLatents, pictures: int) -> Decoder:
    """A decoder that draws the linear latents' smooth picture before any training; scaled by so many pictures."""
    decoder = Autoencoder(CONFIG).decoder
    rng = Random(11)
    examples = [paint(random_scene(rng, Difficulty())[0], 8, 6, QUARTER_CELL) for _ in range(pictures)]
    unfolding.write(decoder, code, to_signed(np.stack(examples)))
    return decoder


def picture_loss(drawn: Tensor, target: Tensor, inside: Tensor) -> Tensor:
    """Absolute and squared error, of edges and of broad areas too; `inside` [B, 1, H, W] masks crop borders."""
    drawn, target = drawn * inside, target * inside
    across = F.l1_loss(drawn.diff(dim=3), target.diff(dim=3)) + F.l1_loss(drawn.diff(dim=2), target.diff(dim=2))
    broad = F.l1_loss(F.avg_pool2d(drawn, 4), F.avg_pool2d(target, 4))
    return F.l1_loss(drawn, target) + 2 * F.mse_loss(drawn, target) + 0.5 * across + 0.5 * broad


@torch.no_grad()
def example(decoder: Decoder, code: LinearLatents, rng: Random, side: int | None) -> tuple[Tensor, Tensor, Tensor]:
    """Features at a quarter of the size, their picture and the mask of pixels that count.

    A crop of `side` latent pixels, or the whole picture. Features are made from the whole picture, so a crop is wrong
    only along its very edge, which does not count unless the picture ends there too.
    """
    picture, z = full_size(code, rng)
    z = z + torch.randn_like(z) * rng.uniform(0.0, 0.1)  # the transformer's latents will be a little wrong too
    x = quarter_features(decoder, z)
    inside = torch.ones(1, 1, *picture.shape[2:])
    if side is None:
        return x, picture, inside
    top, left = rng.randint(0, z.shape[2] - side), rng.randint(0, z.shape[3] - side)
    inside.zero_()
    rows, columns = (slice(64 * start, 64 * (start + side)) for start in (top, left))
    margin_top, margin_left = (0 if start == 0 else EDGE for start in (top, left))
    end_top = rows.stop if rows.stop == picture.shape[2] else rows.stop - EDGE
    end_left = columns.stop if columns.stop == picture.shape[3] else columns.stop - EDGE
    inside[:, :, rows.start + margin_top : end_top, columns.start + margin_left : end_left] = 1
    near = x[:, :, rows.start // 4 : rows.stop // 4, columns.start // 4 : columns.stop // 4]
    return near, picture[:, :, rows, columns], inside[:, :, rows, columns]


def full_size(code: LinearLatents, rng: Random) -> tuple[Tensor, Tensor]:
    """A random picture [1, 3, H, W] and its latents."""
    scene, _ = random_scene(rng, Difficulty())
    picture = to_signed(paint(scene, *random_shape(rng), CELL)[None])
    return picture, code.encode(F.avg_pool2d(picture, 4))


def quarter_loss(decoder: Decoder, code: LinearLatents, rng: Random) -> Tensor:
    """For the lower levels: a whole picture at a quarter of the size, which costs little."""
    scene, _ = random_scene(rng, Difficulty())
    picture = to_signed(paint(scene, *random_shape(rng), QUARTER_CELL)[None])
    z = code.encode(picture)
    z = z + torch.randn_like(z) * rng.uniform(0.0, 0.1)
    drawn = quarter_picture(quarter_features(decoder, z))
    return picture_loss(drawn, picture, torch.ones_like(picture[:, :1]))


def full_loss(decoder: Decoder, code: LinearLatents, rng: Random) -> Tensor:
    """For the upper levels: mostly crops, now and then a whole picture."""
    x, picture, inside = example(decoder, code, rng, None if rng.random() < 0.1 else 4)
    return picture_loss(sharpen(decoder, x), picture, inside)


def train(folder: Path, seconds: float, seed: int = 2, pictures: int = 12) -> None:
    """Train for `seconds` in all, over all restarts; the result is `decoder.pt` in `folder`."""
    code = LinearLatents.load(folder / "latents.safetensors")
    torch.manual_seed(seed)
    decoder = new_decoder(code, pictures).requires_grad_(False)
    lower, upper = free_modules(decoder)
    for module in (*lower, *upper):
        module.requires_grad_(True)
    run = Run("decoder", folder, decoder, [optimizer_for([*lower, *upper])], decay=0.99)
    if run.step == 0:
        run.save()
    rng = Random(seed * 1_000_003 + run.step)
    while run.elapsed() < seconds:
        done = run.elapsed() / seconds
        loss_of, share = (quarter_loss, done / LOWER) if done < LOWER else (full_loss, (done - LOWER) / (1 - LOWER))
        run.set_rates(warm_then_cool(share))
        loss = loss_of(decoder, code, rng)
        loss.backward()
        spare_constants(decoder)
        nn.utils.clip_grad_norm_([weight for weight in decoder.parameters() if weight.requires_grad], 1.0)
        run.update(1)
        if run.step % 100 == 0:
            run.log(f"loss {loss.item():.4f} {quality(code, run)}")
        if run.step % 200 == 0:
            run.save()
    run.save()


@torch.no_grad()
def quality(code: LinearLatents, run: Run) -> str:
    """Signal-to-noise ratios of the averaged decoder on three held-out pictures."""
    decoder = Autoencoder(CONFIG).decoder
    decoder.load_state_dict(run.average.weights)
    rng = Random(4242)
    quarter, full = [], []
    for picture, z in (full_size(code, rng) for _ in range(3)):
        x = quarter_features(decoder, z)
        quarter.append(F.mse_loss(quarter_picture(x).clamp(-1, 1), F.avg_pool2d(picture, 4)))
        full.append(F.mse_loss(sharpen(decoder, x).clamp(-1, 1), picture))
    ratios = [10 * torch.log10(4 / torch.stack(errors).mean()).item() for errors in (quarter, full)]
    return "psnr {:.2f} dB at a quarter of the size, {:.2f} dB at full size".format(*ratios)
