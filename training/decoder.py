"""The autoencoder's decoder: learns to draw sharply from the fixed linear latents.

It is trained at a quarter of the size first, where a picture costs a sixteenth, with the *same* network: the
upper levels then skip their doubling. Later the doublings are switched on and the weights go on as they are.

Shapes: B pictures, h x w latent pixels of 64 x 64 pixels.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from landscape import paint
from latents import CHANNELS, LinearLatents, random_shape, to_signed
from run import Run, warm_then_cool
from scene import Difficulty, random_scene
from tintype.model.autoencoder import Autoencoder, Decoder
from tintype.model.config import AutoencoderConfig

CONFIG = AutoencoderConfig(
    in_channels=3,
    out_channels=3,
    latent_channels=CHANNELS,
    block_out_channels=(8, 16, 32, 64, 96, 128, 160),
    layers_per_block=1,
    norm_num_groups=1,
    scaling_factor=1.0,
    shift_factor=0.0,
    mid_block_add_attention=False,
)
QUARTER, HALF, FULL = 4, 5, 6  # how often the sides double: 16, 32 or 64 pixels per latent pixel


def decode(decoder: Decoder, z: Tensor, doublings: int) -> Tensor:
    """Like the decoder's forward, but its last levels stay at the size reached after `doublings`."""
    x = decoder.mid_block(decoder.conv_in(z))
    for level, block in enumerate(decoder.up_blocks):
        for resnet in block.resnets:
            x = resnet(x)
        for upsampler in block.upsamplers:
            x = upsampler(x) if level < doublings else upsampler.conv(x)
    return decoder.conv_out(F.silu(decoder.conv_norm_out(x)))


@torch.no_grad()
def initialise(decoder: Decoder) -> None:
    """Start as a net that passes the latents up unchanged: resnets add nothing, convolutions copy.

    Channels are the alternations and the principal components in order: those dropped on the way up are the
    least important. The last quarter of each level holds constants instead. They outweigh the picture in the
    group norms (one group each), which so become nearly fixed scalings and let absolute brightness through.
    """
    for module in decoder.modules():
        if getattr(module, "conv_shortcut", None) is not None:
            nn.init.dirac_(module.conv_shortcut.weight)
            hold_constants(module.conv_shortcut)
        if hasattr(module, "conv2"):
            module.conv2.weight.zero_()
            module.conv2.bias.zero_()
    for block in decoder.up_blocks:
        for upsampler in block.upsamplers:
            noise = torch.randn_like(upsampler.conv.weight) * 0.01
            nn.init.dirac_(upsampler.conv.weight)
            upsampler.conv.weight.add_(noise)
            upsampler.conv.bias.zero_()
    decoder.conv_in.weight.normal_(std=0.02)
    decoder.conv_in.weight[:CHANNELS, :, 1, 1] += torch.eye(CHANNELS)
    hold_constants(decoder.conv_in)


def hold_constants(convolution: nn.Conv2d) -> None:
    """Make the last quarter of the output channels 3 and -3 in turn."""
    quarter = convolution.out_channels // 4
    convolution.bias.zero_()
    convolution.weight[-quarter:].zero_()
    convolution.bias[-quarter:] = 3.0
    convolution.bias[-quarter::2] = -3.0


def picture_loss(drawn: Tensor, target: Tensor, inside: Tensor) -> Tensor:
    """Absolute and squared error, of edges and of broad areas too; `inside` [B, 1, H, W] masks crop borders."""
    drawn, target = drawn * inside, target * inside
    across = F.l1_loss(drawn.diff(dim=3), target.diff(dim=3)) + F.l1_loss(drawn.diff(dim=2), target.diff(dim=2))
    broad = F.l1_loss(F.avg_pool2d(drawn, 4), F.avg_pool2d(target, 4))
    return F.l1_loss(drawn, target) + 2 * F.mse_loss(drawn, target) + 0.5 * across + 0.5 * broad


def example(code: LinearLatents, rng: Random, doublings: int, side: int | None) -> tuple[Tensor, Tensor, Tensor]:
    """Latents [1, C, h, w], their picture and the mask of pixels that count; a crop of `side` latent pixels or all.

    A crop's outermost latent pixels lack their neighbours, so they do not count unless the picture ends there.
    """
    scene, _ = random_scene(rng, Difficulty())
    columns, rows = random_shape(rng)
    picture = to_signed(paint(scene, columns, rows, 2 << doublings)[None])
    z = code.encode(F.avg_pool2d(picture, 1 << (doublings - QUARTER)))
    height, width, k = z.shape[2], z.shape[3], 1 << doublings
    inside = torch.ones(1, 1, height * k, width * k)
    if side is None:
        return z, picture, inside
    top, left = rng.randint(0, height - side), rng.randint(0, width - side)
    if top > 0:
        inside[:, :, top * k : (top + 1) * k] = 0
    if top + side < height:
        inside[:, :, (top + side - 1) * k : (top + side) * k] = 0
    if left > 0:
        inside[..., left * k : (left + 1) * k] = 0
    if left + side < width:
        inside[..., (left + side - 1) * k : (left + side) * k] = 0
    window = (slice(None), slice(None), slice(top * k, (top + side) * k), slice(left * k, (left + side) * k))
    return z[..., top : top + side, left : left + side], picture[window], inside[window]


def batch(code: LinearLatents, rng: Random, doublings: int) -> tuple[Tensor, Tensor, Tensor]:
    """Crops, or now and then a whole picture, for group norms must know both; the latents slightly wrong."""
    if rng.random() < 0.25:
        parts = [example(code, rng, doublings, None)]
    else:
        parts = [example(code, rng, doublings, 6 if doublings == QUARTER else 4) for _ in range(4)]
    z, picture, inside = (torch.cat(part) for part in zip(*parts, strict=True))
    return z + torch.randn_like(z) * rng.uniform(0.0, 0.1), picture, inside


def doublings_at(done: float) -> int:
    """The curriculum: a quarter of the size for most of the time, then half, then full."""
    return QUARTER if done < 0.55 else HALF if done < 0.7 else FULL


def train(folder: Path, seconds: float, seed: int = 2) -> None:
    """Train for `seconds` in all, over all restarts; the result is `decoder.pt` in `folder`."""
    code = LinearLatents.load(folder / "latents.safetensors")
    torch.manual_seed(seed)
    decoder = Autoencoder(CONFIG).decoder
    initialise(decoder)
    optimizer = torch.optim.AdamW(decoder.parameters(), lr=2e-3, betas=(0.9, 0.95), weight_decay=0.0)
    run = Run("decoder", folder, decoder, [optimizer], decay=0.995)
    rng = Random(seed * 1_000_003 + run.step)
    while run.elapsed() < seconds:
        done = run.elapsed() / seconds
        run.set_rates(warm_then_cool(done))
        z, picture, inside = batch(code, rng, doublings_at(done))
        loss = picture_loss(decode(decoder, z, doublings_at(done)), picture, inside)
        loss.backward()
        nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        run.update(len(z))
        if run.step % 50 == 0:
            run.log(f"loss {loss.item():.4f} psnr {psnr(folder, run, doublings_at(done)):.2f} dB")
        if run.step % 200 == 0:
            run.save()
    run.save()


@torch.no_grad()
def psnr(folder: Path, run: Run, doublings: int) -> float:
    """Of the averaged decoder on a few held-out pictures, at the size in training."""
    code = LinearLatents.load(folder / "latents.safetensors")
    decoder = Autoencoder(CONFIG).decoder
    decoder.load_state_dict(run.average.weights)
    rng = Random(4242)
    examples = [example(code, rng, doublings, None) for _ in range(3)]
    errors = [F.mse_loss(decode(decoder, z, doublings).clamp(-1, 1), picture) for z, picture, _ in examples]
    return 10 * torch.log10(4 / torch.stack(errors).mean()).item()
