"""The autoencoder's decoder: learns to draw sharply from the fixed linear latents.

Its first weights (`unfolding.py`) already draw the smooth picture that the latents code, at a quarter of the size.
Those weights are kept. What is trained is what they leave free: the resnets before the first doubling and a third one
on each level up to a quarter of the size, which see beyond the latents' squares, and then everything from there to the
whole. Each learns by itself: the first for a third of the time, from whole pictures of a quarter of the size, which
cost little. Most of the latents it learns from are the transformer's own (`painted.py`), with their errors. It learns
in bf16 where the processor has it, as it runs in use, but for the resnets that turn squares into quarters: their gates
take large numbers from each other, and what bf16 rounds off those shows as grain in the sky.

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
from latents import CHANNELS, QUARTER_CELL, SQUARE, LinearLatents, random_shape, to_signed
from muon import Muon
from painted import Studio
from run import Run, warm_then_cool
from scene import Difficulty, random_scene
from tintype.engine.precision import has_bf16
from tintype.model.autoencoder import Autoencoder, Decoder, UpBlock
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
LAID = 2  # the level at whose hand-written weights' end crops are cut; 16 x 16 pixels are one of its pixels
QUARTER = 4  # the level at which a latent pixel has become 16 x 16 pixels
SIDE = 16  # pixels of level LAID along one side of a crop
SMALL_SHARE = 0.35  # of the time, at a quarter of the size
WHOLES = 2  # pictures in a step at a quarter of the size
CROPS = 4  # of one picture in a step at full size
EDGE = 24  # pixels along a crop's edge that see what is not there
RIM, RIM_WEIGHT = 4, 3.0  # pixels along the border, where convolutions see nothing beyond: else a frame shows
DTYPE = torch.bfloat16 if has_bf16() else torch.float32
NARROW = torch.autocast("cpu", torch.bfloat16, enabled=has_bf16())
PRECISE = [f"up_blocks.{level}.resnets.1" for level in range(1, len(unfolding.CODES))]  # are in fp32, always
OWN = 0.3  # share of steps whose latents are made from the drawing instead of painted by the transformer


def laid_features(decoder: Decoder, z: Tensor) -> Tensor:
    """The decoder up to its second resnet of level LAID, [B, 96, 4 h, 4 w]."""
    x = decoder.up_blocks[0](decoder.mid_block(decoder.conv_in(z)))
    for block in decoder.up_blocks[1:LAID]:
        x = block.upsamplers[0](through(block, x))
    return laid(decoder.up_blocks[LAID], x)


def draw(decoder: Decoder, x: Tensor) -> Tensor:
    """The rest of the decoder: [B, 96, 4 h, 4 w] -> pixels [B, 3, 64 h, 64 w]."""
    return sharpen(decoder, to_quarter(decoder, x))


def to_quarter(decoder: Decoder, x: Tensor) -> Tensor:
    """[B, 96, 4 h, 4 w] -> the features at a quarter of the size [B, 32, 16 h, 16 w]."""
    block = decoder.up_blocks[LAID]
    x = block.upsamplers[0](block.resnets[2](x))
    for block in decoder.up_blocks[LAID + 1 : QUARTER]:
        x = block.upsamplers[0](through(block, x))
    return through(decoder.up_blocks[QUARTER], x)


def laid(block: UpBlock, x: Tensor) -> Tensor:
    """The resnets of `block` that turn squares into quarters, the second of them PRECISE."""
    x = block.resnets[0](x)
    with torch.autocast("cpu", enabled=False):
        return block.resnets[1](x.float())


def through(block: UpBlock, x: Tensor) -> Tensor:
    """All resnets of `block`."""
    return block.resnets[2](laid(block, x))


def quarter_picture(x: Tensor) -> Tensor:
    """The colours among those features, as pixels [B, 3, 16 h, 16 w]."""
    first = 4 + 2 * unfolding.CODES[-2]
    return x[:, first : first + 3] / 6


def sharpen(decoder: Decoder, x: Tensor) -> Tensor:
    """From there to the end: [B, 32, 16 h, 16 w] -> pixels [B, 3, 64 h, 64 w]."""
    x = decoder.up_blocks[QUARTER].upsamplers[0](x)
    for block in decoder.up_blocks[QUARTER + 1 :]:
        x = block(x)
    return decoder.conv_out(F.silu(decoder.conv_norm_out(x)))


def at_quarter(decoder: Decoder, z: Tensor) -> Tensor:
    """The picture of latents z at a quarter of the size, fp32."""
    with NARROW:
        return quarter_picture(to_quarter(decoder, laid_features(decoder, z)).float())


def at_full(decoder: Decoder, z: Tensor) -> Tensor:
    """The picture of latents z, fp32."""
    with NARROW:
        return draw(decoder, laid_features(decoder, z).to(DTYPE)).float()


def seeing(decoder: Decoder) -> list[nn.Module]:
    """What is trained first: it sees beyond squares, and ends at a quarter of the size."""
    middle = [block.resnets[2] for block in decoder.up_blocks[1 : QUARTER + 1]]
    return [*decoder.mid_block.resnets, *decoder.up_blocks[0].resnets, *middle]


def sharpening(decoder: Decoder) -> list[nn.Module]:
    """What is trained then, up to the full size. The rest stands still: when crops trained it too, seas had stripes."""
    return [
        decoder.up_blocks[QUARTER].upsamplers,
        *decoder.up_blocks[QUARTER + 1 :],
        decoder.conv_norm_out,
        decoder.conv_out,
    ]


def optimizers_for(modules: list[nn.Module]) -> list[torch.optim.Optimizer]:
    """Muon for the convolutions, which learn more by it in a few hundred steps; AdamW for what has one dimension."""
    weights = [weight for module in modules for weight in module.parameters()]
    return [
        Muon([weight for weight in weights if weight.ndim > 1], lr=1.5e-3, decay=0.0),
        torch.optim.AdamW([w for w in weights if w.ndim == 1], lr=3e-4, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def spare_constants(decoder: Decoder) -> None:
    """Drop the gradients of weights that read the large constants directly, for one step would upset everything.

    And of those that write them: a constant that moves a little is rounded to whole numbers in bf16.
    """
    for name, module in decoder.named_modules():
        linear = isinstance(module, nn.Conv2d) and ("upsamplers" in name or "shortcut" in name)
        if linear and module.weight.grad is not None:
            module.weight.grad[:, -2:] = 0
        if (linear or name.endswith("conv2")) and module.weight.grad is not None:
            module.weight.grad[-2:] = 0
            module.bias.grad[-2:] = 0


def new_decoder(code: LinearLatents, pictures: int) -> Decoder:
    """A decoder that draws the linear latents' smooth picture before any training; scaled by so many pictures."""
    decoder = Autoencoder(CONFIG).decoder
    rng = Random(11)
    examples = [paint(random_scene(rng, Difficulty())[0], 8, 6, QUARTER_CELL) for _ in range(pictures)]
    unfolding.write(decoder, code, to_signed(np.stack(examples)))
    return decoder


def picture_loss(drawn: Tensor, target: Tensor, inside: Tensor, square: int) -> Tensor:
    """Absolute and squared error, of edges and of broad areas too, and of the jumps from one `square` to the next.

    `inside` [B, 1, H, W] weighs pixels, those that do not count by 0; `square` is what a latent pixel codes, in pixels.
    """
    drawn, target = drawn * inside, target * inside
    across = [drawn.diff(dim=side) - target.diff(dim=side) for side in (2, 3)]
    edges = sum(error.abs().mean() for error in across)
    joints = across[0][:, :, square - 1 :: square].abs().mean() + across[1][..., square - 1 :: square].abs().mean()
    broad = F.l1_loss(F.avg_pool2d(drawn, 4), F.avg_pool2d(target, 4))
    return F.l1_loss(drawn, target) + 2 * F.mse_loss(drawn, target) + 0.5 * (edges + broad) + 0.25 * joints


def random_picture(code: LinearLatents, rng: Random, cell: int) -> tuple[Tensor, Tensor]:
    """A random picture [1, 3, H, W] in cells of `cell` pixels, and its latents."""
    scene, _ = random_scene(rng, Difficulty())
    picture = to_signed(paint(scene, *random_shape(rng), cell)[None])
    return picture, code.encode(F.avg_pool2d(picture, cell // QUARTER_CELL))


def example(studio: Studio, code: LinearLatents, rng: Random, cell: int, count: int) -> tuple[Tensor, Tensor]:
    """Pictures [count, 3, H, W] in cells of `cell` pixels, and latents that show them.

    The transformer painted most of the latents; a share of OWN is made from the drawings, with a little noise.
    """
    painted = studio.take()
    chosen = rng.sample(range(len(painted.scenes)), count)
    drawings = [paint(painted.scenes[index], painted.columns, painted.rows, cell) for index in chosen]
    pictures = to_signed(np.stack(drawings))
    if rng.random() >= OWN:
        return pictures, painted.latents[chosen]
    z = code.encode(F.avg_pool2d(pictures, cell // QUARTER_CELL))
    return pictures, z + torch.randn_like(z) * rng.uniform(0.0, 0.15)


def crops(x: Tensor, picture: Tensor, rng: Random) -> tuple[Tensor, Tensor, Tensor]:
    """Crops of features and picture [CROPS, ...], and the mask [CROPS, 1, H, W] of pixels that count.

    Features are made from the whole picture, so a crop is wrong only along its very edge, which does not count unless
    the picture ends there too.
    """
    scale = picture.shape[2] // x.shape[2]
    features, pixels, masks = [], [], []
    for _ in range(CROPS):
        top, left = (rng.choice((0, size - SIDE, *range(0, size - SIDE + 1, 4))) for size in x.shape[2:])
        features.append(x[:, :, top : top + SIDE, left : left + SIDE])
        rows, columns = (slice(scale * start, scale * (start + SIDE)) for start in (top, left))
        pixels.append(picture[:, :, rows, columns])
        mask = torch.zeros(1, 1, *picture.shape[2:])
        mask[:, :, inner(rows, picture.shape[2]), inner(columns, picture.shape[3])] = 1
        weigh_border(mask, RIM)
        masks.append(mask[:, :, rows, columns])
    return torch.cat(features), torch.cat(pixels), torch.cat(masks)


def weigh_border(mask: Tensor, width: int) -> Tensor:
    """`mask` [B, 1, H, W], changed: so many pixels along its border count RIM_WEIGHT times."""
    for border in (mask[:, :, :width], mask[:, :, -width:], mask[..., :width], mask[..., -width:]):
        border *= RIM_WEIGHT
    return mask


def inner(crop: slice, size: int) -> slice:
    """`crop` without its edges, but for those that are the picture's, which is `size` long."""
    return slice(crop.start and crop.start + EDGE, size if crop.stop == size else crop.stop - EDGE)


def small_loss(decoder: Decoder, studio: Studio, code: LinearLatents, rng: Random) -> Tensor:
    """Of whole pictures at a quarter of their size."""
    pictures, z = example(studio, code, rng, QUARTER_CELL, WHOLES)
    inside = weigh_border(torch.ones_like(pictures[:, :1]), RIM * QUARTER_CELL // CELL)
    return picture_loss(at_quarter(decoder, z), pictures, inside, SQUARE)


def full_loss(decoder: Decoder, studio: Studio, code: LinearLatents, rng: Random) -> Tensor:
    """Of crops of a picture at its full size."""
    picture, z = example(studio, code, rng, CELL, 1)
    with NARROW:
        near, pixels, inside = crops(laid_features(decoder, z), picture, rng)
        drawn = draw(decoder, near.to(DTYPE))
    return picture_loss(drawn.float(), pixels, inside, CELL // QUARTER_CELL * SQUARE)


def train(folder: Path, seconds: float, seed: int = 2, pictures: int = 12) -> None:
    """Train for `seconds` in all, over all restarts; the result is `decoder.pt` in `folder`."""
    code = LinearLatents.load(folder)
    torch.manual_seed(seed)
    decoder = new_decoder(code, pictures).requires_grad_(False)
    first, then = seeing(decoder), sharpening(decoder)
    run = Run("decoder", folder, decoder, optimizers_for([*first, *then]), decay=0.99)
    if run.step == 0:
        run.save()
    rng = Random(seed * 1_000_003 + run.step)
    if run.elapsed() >= seconds:
        return
    studio = Studio(folder, code, rng)
    while run.elapsed() < seconds:
        done = run.elapsed() / seconds
        small = done < SMALL_SHARE
        run.set_rates(warm_then_cool(done / SMALL_SHARE if small else (done - SMALL_SHARE) / (1 - SMALL_SHARE)))
        for module in (*first, *then):
            module.requires_grad_(small == (module in first))
        loss = (small_loss if small else full_loss)(decoder, studio, code, rng)
        loss.backward()
        spare_constants(decoder)
        nn.utils.clip_grad_norm_([weight for weight in decoder.parameters() if weight.requires_grad], 1.0)
        run.update(WHOLES if small else CROPS)
        if run.step % 100 == 0:
            run.log(f"loss {loss.item():.4f} {quality(code, studio, run, small)}")
            run.save()
    run.save()


@torch.no_grad()
def quality(code: LinearLatents, studio: Studio, run: Run, small: bool) -> str:
    """Signal-to-noise ratios of the averaged decoder on three pictures from their own and from painted latents."""
    decoder = Autoencoder(CONFIG).decoder
    decoder.load_state_dict(run.average.weights)
    rng, cell, parts = Random(4242), QUARTER_CELL if small else CELL, []
    for name, share in (("own", 1.0), ("painted", 0.0)):
        errors = []
        for _ in range(3):
            if share:
                picture, z = random_picture(code, rng, cell)
            else:
                painted = studio.take()
                picture = to_signed(paint(painted.scenes[0], painted.columns, painted.rows, cell)[None])
                z = painted.latents[:1]
            drawn = at_quarter(decoder, z) if small else at_full(decoder, z)
            errors.append(F.mse_loss(drawn.clamp(-1, 1), picture))
        parts.append(f"{10 * torch.log10(4 / torch.stack(errors).mean()).item():.2f} dB {name}")
    return f"{', '.join(parts)}, {'a quarter of the size' if small else 'full size'}"
