"""First weights for the decoder with which it already draws what the linear latents say.

A latent pixel codes a square of the picture linearly. Each level of the decoder halves the square: it has to
turn the code of a square into the codes of its four quarters, which depends on *which* quarter a pixel is. From
random weights that takes a long time to discover; here it is written down:

1. `s` alternates between -1 and 1 from square to square. After the pixels have been doubled, half the
   difference of a pixel's neighbours is `e`, and `s` and `e` agree on one half of a square and differ on the other.
   A first resnet turns that into `p`, the alternation of the next level (left, top: 1; right, bottom: -1).
2. The next code is affine in the present one, with one matrix per quarter. A second resnet adds the matrices'
   differences, each through gates that `p` opens on its quarter alone.

Everything linear goes through silu(x) - silu(-x) = x, so channels come in pairs: s (2), -s (2), the code, minus the
code, then e (2) and -e (2) on arrival or the next code on leaving. The last two channels are large constants.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from latents import COMPONENTS, SQUARE, LinearLatents
from tintype.model.autoencoder import Decoder, ResnetBlock

# How many numbers code a square of 16, 8, 4, 2 and 1 pixels of the quarter-size picture.
CODES = (COMPONENTS, 20, 14, 10, 3)
CONSTANT = 128.0  # weighs so much that a picture hardly moves the group norms' statistics
STEEP, GATE = 16.0, 24.0  # of the hinges that make p, and above every code so that gates shut
QUARTERS = ((1, 1), (1, -1), (-1, 1), (-1, -1))  # p of rows, p of columns


class SquareCode:
    """A linear code of squares of side `side`: pixels [..., 3 * side**2] = mean + code @ basis."""

    def __init__(self, mean: Tensor, basis: Tensor, side: int) -> None:
        self.mean, self.basis, self.side = mean, basis, side
        self.inverse = torch.linalg.pinv(basis)

    @classmethod
    def fit(cls, pictures: Tensor, side: int, count: int) -> SquareCode:
        """The best `count` numbers for squares of `pictures` [B, 3, H, W]; raw colours for single pixels."""
        scale = side * 3**0.5 / 6
        if side == 1:
            return cls(torch.zeros(3), torch.eye(3) / 6, 1)
        squares = F.unfold(pictures, side, stride=side).transpose(1, 2).flatten(0, 1)
        mean = squares.mean(0)
        _, vectors = torch.linalg.eigh((squares - mean).T @ (squares - mean))
        return cls(mean, vectors.flip(1)[:, :count].T * scale, side)

    def quarter(self, smaller: SquareCode, rows: int, columns: int) -> tuple[Tensor, Tensor]:
        """Matrix [smaller, own] and offset that turn a code into that of one quarter of the square."""
        half = self.side // 2
        top, left = (0 if rows == 1 else half), (0 if columns == 1 else half)

        def cut(pixels: Tensor) -> Tensor:
            square = pixels.view(-1, 3, self.side, self.side)
            return square[:, :, top : top + half, left : left + half].flatten(1)

        return (cut(self.basis) @ smaller.inverse).T, ((cut(self.mean) - smaller.mean) @ smaller.inverse)[0]


def square_codes(code: LinearLatents, pictures: Tensor) -> list[SquareCode]:
    """One code per level; the first is the latents' own."""
    first = SquareCode(code.mean, (code.basis * code.spread).T, SQUARE)
    smooth = code.decode(code.encode(pictures))
    return [first, *(SquareCode.fit(smooth, SQUARE >> level, CODES[level]) for level in range(1, len(CODES)))]


def pair(start: int, count: int) -> tuple[slice, slice]:
    """The channels of `count` values and of their negatives, from channel `start` on."""
    return slice(start, start + count), slice(start + count, start + 2 * count)


def plain(norm: nn.GroupNorm, x: Tensor) -> None:
    """Make a norm pass `x` through as it is, but for the constants."""
    norm.weight.fill_(x.var((1, 2, 3)).mean().sqrt().item())
    norm.bias.fill_(x.mean().item())


def arrival(norm: nn.GroupNorm, x: Tensor) -> None:
    """The same before a level's convolutions, with the constants made small."""
    plain(norm, x)
    norm.weight[-2:] /= CONSTANT
    norm.bias[-2:] /= CONSTANT


def read(convolution: nn.Conv2d, rows: slice, start: int, weights: Tensor) -> None:
    """Add `weights` [rows, n] @ x to output `rows`, for the n values paired from channel `start` on."""
    plus, minus = pair(start, weights.shape[1])
    convolution.weight[rows, plus, 1, 1] = weights
    convolution.weight[rows, minus, 1, 1] = -weights


def hold_constants(convolution: nn.Conv2d) -> None:
    """Make the last two output channels large constants that sum to zero."""
    convolution.weight[-2:].zero_()
    convolution.bias[-2] = CONSTANT
    convolution.bias[-1] = -CONSTANT


def write_alternation(resnet: ResnetBlock, x: Tensor, own: SquareCode, smaller: SquareCode) -> Tensor:
    """The first resnet of a level: s and e (behind the code) become p; the last quarter's code is laid down."""
    known, after = own.basis.shape[0], smaller.basis.shape[0]
    arrival(resnet.norm1, x)
    resnet.conv1.weight[:8] = 0
    for axis in range(2):
        # p = 2 h(|s + e| - 1/2) - 2 h(|s + e| - 3/2) - 1 with hinges h: flat where a picture's edge halves e.
        signs = torch.tensor([1.0, -1.0, 1.0, -1.0])[:, None] * STEEP * torch.eye(2)[axis]
        units = slice(4 * axis, 4 * axis + 4)
        read(resnet.conv1, units, 0, signs)
        read(resnet.conv1, units, 4 + 2 * known, signs)
        resnet.conv1.bias[units] = -STEEP * torch.tensor([0.5, 0.5, 1.5, 1.5])
    plain(resnet.norm2, resnet.conv1(F.silu(resnet.norm1(x))))
    for axis in range(2):
        units = torch.tensor([2.0, 2.0, -2.0, -2.0]) / STEEP
        resnet.conv2.weight[axis, 4 * axis : 4 * axis + 4, 1, 1] = units
        resnet.conv2.weight[2 + axis, 4 * axis : 4 * axis + 4, 1, 1] = -units
    shortcut = resnet.conv_shortcut
    assert shortcut is not None
    kept, laid = slice(4, 4 + 2 * known), slice(4 + 2 * known, 4 + 2 * known + after)
    shortcut.weight.mul_(0.1)
    shortcut.bias.zero_()
    hold_constants(shortcut)
    shortcut.weight[: laid.stop] = 0
    shortcut.bias[:4] = torch.tensor([-1.0, -1.0, 1.0, 1.0])
    shortcut.weight[kept, kept, 0, 0] = torch.eye(2 * known)
    matrix, offset = own.quarter(smaller, *QUARTERS[3])
    shortcut.weight[laid, 4 : 4 + known, 0, 0] = matrix
    shortcut.bias[laid] = offset
    return resnet(x)


def write_quarters(resnet: ResnetBlock, x: Tensor, own: SquareCode, smaller: SquareCode) -> Tensor:
    """The second resnet of a level: on the other three quarters the laid code is corrected through gates."""
    known, after = own.basis.shape[0], smaller.basis.shape[0]
    arrival(resnet.norm1, x)
    last_matrix, last_offset = own.quarter(smaller, *QUARTERS[3])
    resnet.conv1.weight[: 6 * after] = 0
    for index, (rows, columns) in enumerate(QUARTERS[:3]):
        matrix, offset = own.quarter(smaller, rows, columns)
        opening = GATE * torch.tensor([[columns, rows]]).float().expand(after, 2)
        for sign in (1, -1):
            start = (2 * index + (sign < 0)) * after
            units = slice(start, start + after)
            read(resnet.conv1, units, 0, opening)
            read(resnet.conv1, units, 4, sign * (matrix - last_matrix))
            resnet.conv1.bias[units] = sign * (offset - last_offset) - GATE
            laid = slice(4 + 2 * known, 4 + 2 * known + after)
            resnet.conv2.weight[laid, units, 1, 1] = sign * torch.eye(after) / 2
    plain(resnet.norm2, resnet.conv1(F.silu(resnet.norm1(x))))
    return resnet(x)


def write_doubling(convolution: nn.Conv2d, source: int, count: int, smooth: bool) -> None:
    """Behind the repeated pixels: keep s and the code (from channel `source`) in pairs, and lay down e.

    Codes of squares stay as they are; colours, beyond the squares, are interpolated.
    """
    blend = torch.tensor([0.25, 0.5, 0.25]) if smooth else torch.tensor([0.0, 1.0, 0.0])
    convolution.weight.mul_(0.1)
    convolution.bias.zero_()
    hold_constants(convolution)
    convolution.weight[: 8 + 2 * count] = 0
    convolution.weight[:4, :4, 1, 1] = torch.eye(4)
    for channels, sign in zip(pair(4, count), (1, -1), strict=True):
        taps = torch.eye(count)[:, :, None, None] * torch.outer(blend, blend)
        convolution.weight[channels, source : source + count] = sign * taps
    for channels, sign in zip(pair(4 + 2 * count, 2), (1, -1), strict=True):
        for tap, value in ((0, -0.5), (2, 0.5)):
            convolution.weight[channels.start, 0, 1, tap] = sign * value
            convolution.weight[channels.start + 1, 1, tap, 1] = sign * value


def leave_free(resnet: ResnetBlock, x: Tensor) -> None:
    """A resnet that adds nothing yet and is training's to shape."""
    arrival(resnet.norm1, x)
    plain(resnet.norm2, resnet.conv1(F.silu(resnet.norm1(x))))


def copy_colours(resnet: ResnetBlock, x: Tensor) -> Tensor:
    """Beyond the code's reach colours are just copied; training sharpens them."""
    leave_free(resnet, x)
    shortcut = resnet.conv_shortcut
    assert shortcut is not None
    shortcut.bias.zero_()
    shortcut.weight.mul_(0.1)
    shortcut.weight[:10] = 0
    shortcut.weight[:10, :10, 0, 0] = torch.eye(10)
    hold_constants(shortcut)
    return resnet(x)


def write_entry(convolution: nn.Conv2d) -> None:
    """From latents to pairs."""
    convolution.weight.mul_(0.1)
    convolution.bias.zero_()
    convolution.weight[: 4 + 2 * CODES[0]] = 0
    for sign, s, code in zip((1, -1), pair(0, 2), pair(4, CODES[0]), strict=True):
        convolution.weight[s, :2, 1, 1] = sign * torch.eye(2)
        convolution.weight[code, 2:, 1, 1] = sign * torch.eye(CODES[0])
    hold_constants(convolution)


@torch.no_grad()
def write(decoder: Decoder, code: LinearLatents, pictures: Tensor) -> None:
    """Set all weights; `pictures` [B, 3, H, W] of a quarter of the size show how large activations are."""
    codes = square_codes(code, pictures)
    for module in decoder.modules():
        if isinstance(module, ResnetBlock):
            module.conv2.weight.zero_()
            module.conv2.bias.zero_()
    write_entry(decoder.conv_in)
    x = decoder.conv_in(code.encode(pictures))
    for resnet in decoder.mid_block.resnets:
        leave_free(resnet, x)
    source = 4
    for level, block in enumerate(decoder.up_blocks):
        free = block.resnets
        if 0 < level < len(CODES):
            own, smaller = codes[level - 1], codes[level]
            x = write_alternation(block.resnets[0], x, own, smaller)
            x = write_quarters(block.resnets[1], x, own, smaller)
            source, free = 4 + 2 * CODES[level - 1], block.resnets[2:]
        elif level:
            x, source, free = copy_colours(block.resnets[0], x), 4, block.resnets[1:]
        for resnet in free:
            leave_free(resnet, x)
        for upsampler in block.upsamplers:
            write_doubling(upsampler.conv, source, CODES[min(level, len(CODES) - 1)], smooth=level + 1 >= len(CODES))
            x = upsampler(x) if level + 1 < len(CODES) else upsampler.conv(x)
    arrival(decoder.conv_norm_out, x)
    decoder.conv_out.weight.mul_(0.1)
    decoder.conv_out.bias.zero_()
    decoder.conv_out.weight[:, :10] = 0
    read(decoder.conv_out, slice(0, 3), 4, torch.eye(3) / 6)
