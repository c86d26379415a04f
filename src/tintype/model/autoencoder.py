"""The convolutional autoencoder between pixels and latents (AutoencoderKL, Rombach et al. 2021, as trained for Flux).

Shapes: ``B`` batch, ``C`` channels, ``h, w`` latent sides; pixels are ``[B, 3, h * f, w * f]`` in -1..1, with ``f`` the
downsampling.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.model.config import AutoencoderConfig

BAND = 2**20
"""Numbers whose fp32 copy, 4 MB, stays in the cache."""
FOLD = 4
"""Neighbouring pixels that are normalised as one of more channels: a dozen channels would not fill a CPU's vectors."""


class GroupNorm(nn.GroupNorm):
    """Group normalisation that is exact and fast channels-last as well.

    PyTorch adds up a whole channels-last picture in one fp32 sum: off by 1e-3 at a million pixels in one group. Here
    each row of pixels is added up in fp32 and the rows in fp64, so that the number of threads changes no bit either.
    """

    def forward(self, input: Tensor) -> Tensor:
        """``[B, C, h, w]`` or ``[B, C, L]``, normalised; dtype and memory layout are kept."""
        if (
            self.num_groups > 1
            or input.device.type != "cpu"
            or input.is_contiguous()
            or not input.is_contiguous(memory_format=torch.channels_last)
        ):
            return super().forward(input)
        if torch.is_grad_enabled():  # what follows has no gradient
            return super().forward(input.contiguous()).contiguous(memory_format=torch.channels_last)
        if len(input) > 1:
            return torch.cat([self(input[i : i + 1]) for i in range(len(input))])
        b, c, h, w = input.shape
        fold = math.gcd(w, FOLD)
        folded = input.permute(0, 2, 3, 1).view(b, h, w // fold, fold * c).permute(0, 3, 1, 2)
        mean, variance = (one.float().repeat(fold * c) for one in mean_and_variance(input))
        weight, bias = self.weight.float().repeat(fold), self.bias.float().repeat(fold)
        folded = F.batch_norm(folded, mean, variance, weight, bias, training=False, eps=self.eps)
        return folded.permute(0, 2, 3, 1).view(b, h, w, c).permute(0, 3, 1, 2)


def mean_and_variance(picture: Tensor) -> tuple[Tensor, Tensor]:
    """Of all numbers of a channels-last ``picture [1, C, h, w]``, each ``[]`` in fp64."""
    rows = picture.permute(0, 2, 3, 1).flatten(2)[0]  # [h, w * C]
    narrow = rows.dtype != torch.float32
    band = max(1, BAND // rows.shape[1]) if narrow else len(rows)
    scratch = torch.empty(band if narrow else 0, rows.shape[1])
    sums: list[Tensor] = []
    squares: list[Tensor] = []
    for start in range(0, len(rows), band):
        part = rows[start : start + band]
        if narrow:
            part = scratch[: len(part)].copy_(part)
        sums.append(part.sum(1).double())
        squares.append(lengths(part).double().square())
    mean = torch.cat(sums).sum() / rows.numel()
    return mean, torch.cat(squares).sum() / rows.numel() - mean.square()


def lengths(rows: Tensor) -> Tensor:
    """The Euclidean length of each row ``[..., n]`` -> ``[...]``."""
    return torch.linalg.vector_norm(rows, dim=-1)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


class ResnetBlock(nn.Module):
    """Two normalised convolutions beside a shortcut."""

    def __init__(self, in_channels: int, out_channels: int, groups: int) -> None:
        super().__init__()
        self.norm1 = GroupNorm(groups, in_channels, eps=1e-6)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.norm2 = GroupNorm(groups, out_channels, eps=1e-6)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else None

    def forward(self, x: Tensor) -> Tensor:
        """``[B, in, h, w]`` -> ``[B, out, h, w]``."""
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        return (x if self.conv_shortcut is None else self.conv_shortcut(x)) + h


class AttentionBlock(nn.Module):
    """One head of attention over all latent pixels."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.group_norm = GroupNorm(groups, channels, eps=1e-6)
        self.to_q = nn.Linear(channels, channels)
        self.to_k = nn.Linear(channels, channels)
        self.to_v = nn.Linear(channels, channels)
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, x: Tensor) -> Tensor:
        """``[B, C, h, w]`` -> ``[B, C, h, w]``."""
        h = self.group_norm(x.flatten(2)).transpose(1, 2)
        q, k, v = self.to_q(h)[:, None], self.to_k(h)[:, None], self.to_v(h)[:, None]
        h = self.to_out[0](F.scaled_dot_product_attention(q, k, v)[:, 0])
        return h.transpose(1, 2).reshape(x.shape) + x


class MidBlock(nn.Module):
    """Resnet, attention (unless left out), resnet, at the lowest resolution."""

    def __init__(self, channels: int, config: AutoencoderConfig) -> None:
        super().__init__()
        groups = config.norm_num_groups
        self.resnets = nn.ModuleList([ResnetBlock(channels, channels, groups), ResnetBlock(channels, channels, groups)])
        self.attentions = nn.ModuleList()
        if config.mid_block_add_attention:
            self.attentions.append(AttentionBlock(channels, groups))

    def forward(self, x: Tensor) -> Tensor:
        """``[B, C, h, w]`` -> ``[B, C, h, w]``."""
        x = self.resnets[0](x)
        for attention in self.attentions:
            x = attention(x)
        return self.resnets[1](x)


class Downsample(nn.Module):
    """Halve both sides with a strided convolution, padded on the right and below only."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, C, h, w]`` -> ``[B, C, h / 2, w / 2]``."""
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Upsample(nn.Module):
    """Double both sides: nearest neighbour, then a convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, C, h, w]`` -> ``[B, C, 2 h, 2 w]``."""
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class DownBlock(nn.Module):
    """Resnets at one resolution, then the way down (except in the last block)."""

    def __init__(self, in_channels: int, out_channels: int, config: AutoencoderConfig, *, last: bool) -> None:
        super().__init__()
        sizes = [in_channels] + [out_channels] * config.layers_per_block
        self.resnets = nn.ModuleList(ResnetBlock(a, b, config.norm_num_groups) for a, b in pairwise(sizes))
        self.downsamplers = nn.ModuleList([] if last else [Downsample(out_channels)])

    def forward(self, x: Tensor) -> Tensor:
        """``[B, in, h, w]`` -> ``[B, out, h / 2, w / 2]``, or the same sides in the last block."""
        for layer in [*self.resnets, *self.downsamplers]:
            x = layer(x)
        return x


class UpBlock(nn.Module):
    """Resnets at one resolution, then the way up (except in the last block)."""

    def __init__(self, in_channels: int, out_channels: int, config: AutoencoderConfig, *, last: bool) -> None:
        super().__init__()
        sizes = [in_channels] + [out_channels] * (config.layers_per_block + 1)
        self.resnets = nn.ModuleList(ResnetBlock(a, b, config.norm_num_groups) for a, b in pairwise(sizes))
        self.upsamplers = nn.ModuleList([] if last else [Upsample(out_channels)])

    def forward(self, x: Tensor) -> Tensor:
        """``[B, in, h, w]`` -> ``[B, out, 2 h, 2 w]``, or the same sides in the last block."""
        for layer in [*self.resnets, *self.upsamplers]:
            x = layer(x.to(next(layer.parameters()).dtype))
        return x


class Encoder(nn.Module):
    """Pixels -> mean and log-variance of the latents."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        widths = config.block_out_channels
        pairs = list(zip((widths[0], *widths), widths, strict=False))
        self.conv_in = nn.Conv2d(config.in_channels, widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList(
            DownBlock(a, b, config, last=i == len(pairs) - 1) for i, (a, b) in enumerate(pairs)
        )
        self.mid_block = MidBlock(widths[-1], config)
        self.conv_norm_out = GroupNorm(config.norm_num_groups, widths[-1], eps=1e-6)
        self.conv_out = nn.Conv2d(widths[-1], 2 * config.latent_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, 3, h * f, w * f]`` -> ``[B, 2 * latent_channels, h, w]``."""
        x = self.conv_in(x)
        for block in self.down_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(self.mid_block(x))))


class Decoder(nn.Module):
    """Latents -> pixels."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        widths = config.block_out_channels[::-1]
        pairs = list(zip((widths[0], *widths), widths, strict=False))
        self.conv_in = nn.Conv2d(config.latent_channels, widths[0], 3, padding=1)
        self.mid_block = MidBlock(widths[0], config)
        self.up_blocks = nn.ModuleList(
            UpBlock(a, b, config, last=i == len(pairs) - 1) for i, (a, b) in enumerate(pairs)
        )
        self.conv_norm_out = GroupNorm(config.norm_num_groups, widths[-1], eps=1e-6)
        self.conv_out = nn.Conv2d(widths[-1], config.out_channels, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """``[B, latent_channels, h, w]`` -> ``[B, 3, h * f, w * f]``; layers of its blocks may have a wider dtype."""
        x = self.mid_block(self.conv_in(z))
        for block in self.up_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class Autoencoder(nn.Module):
    """Encoder and decoder, with the affine map between their latents and the transformer's."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    def decode(self, latents: Tensor) -> Tensor:
        """The transformer's latents ``[B, C, h, w]`` -> pixels in about -1..1."""
        return self.decoder(latents / self.config.scaling_factor + self.config.shift_factor)

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels in -1..1 -> mean ``[B, C, h, w]`` (on the transformer's scale) and log-variance of the raw latents."""
        mean, logvar = self.encoder(pixels).chunk(2, dim=1)
        return (mean - self.config.shift_factor) * self.config.scaling_factor, logvar
