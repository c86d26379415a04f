"""The single-stream diffusion transformer of Z-Image (S3-DiT, arXiv 2511.22699).

Image and caption tokens share one sequence, one set of weights and full attention. The network sees noisy latents, a
time and a caption, and predicts ``clean - noise``: the direction from noise to picture.

Shapes: ``B`` batch, ``C`` latent channels, ``L`` image tokens, ``N`` caption tokens after padding, ``D`` width,
``H`` heads, ``d`` channels of one head.

Both token groups are padded to a multiple of 32 with a learned token. These pads are *attended to as ordinary
tokens*: the checkpoint was trained so, and masking them changes the picture.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.model.config import TransformerConfig
from tintype.model.layers import RMSNorm, attention
from tintype.model.positions import Positions, Rope, padded


class Attention(nn.Module):
    """Multi-head attention with RMS-normalised, rotated queries and keys."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        dim, head_dim = config.dim, config.head_dim
        self.heads = config.n_heads
        self.to_q = nn.Linear(dim, dim, bias=False)
        self.to_k = nn.Linear(dim, dim, bias=False)
        self.to_v = nn.Linear(dim, dim, bias=False)
        self.norm_q = RMSNorm(head_dim, 1e-5)
        self.norm_k = RMSNorm(head_dim, 1e-5)
        self.to_out = nn.ModuleList([nn.Linear(dim, dim, bias=False)])
        self.attend: Callable[[Tensor, Tensor, Tensor], Tensor] = attention

    def forward(self, x: Tensor, rope: Rope) -> Tensor:
        """``x [B, L, D]`` -> ``[B, L, D]``."""
        q = self.to_q(x).unflatten(-1, (self.heads, -1))
        k = self.to_k(x).unflatten(-1, (self.heads, -1))
        v = self.to_v(x).unflatten(-1, (self.heads, -1))
        q = rope.rotate(self.norm_q(q))
        k = rope.rotate(self.norm_k(k))
        return self.to_out[0](self.attend(q, k, v))


class FeedForward(nn.Module):
    """SwiGLU: ``w2(silu(w1 x) * w3 x)``."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        hidden = int(dim / 3 * 8)
        self.w1 = nn.Linear(dim, hidden, bias=False)
        self.w2 = nn.Linear(hidden, dim, bias=False)
        self.w3 = nn.Linear(dim, hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``x [B, L, D]`` -> ``[B, L, D]``."""
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Block(nn.Module):
    """Attention and feed-forward, each normalised before and after.

    The caption refiner's blocks do not depend on time and have no modulation.
    """

    def __init__(self, config: TransformerConfig, *, modulated: bool) -> None:
        super().__init__()
        dim, eps = config.dim, config.norm_eps
        self.attention = Attention(config)
        self.feed_forward = FeedForward(dim)
        self.attention_norm1 = RMSNorm(dim, eps)
        self.ffn_norm1 = RMSNorm(dim, eps)
        self.attention_norm2 = RMSNorm(dim, eps)
        self.ffn_norm2 = RMSNorm(dim, eps)
        self.adaLN_modulation = nn.ModuleList()
        if modulated:
            self.adaLN_modulation.append(nn.Linear(config.modulation_dim, 4 * dim))

    def forward(self, x: Tensor, rope: Rope, time: Tensor | None = None) -> Tensor:
        """``x [B, L, D]``, ``time [B, 256]`` (modulated blocks only) -> ``[B, L, D]``.

        x = x + tanh(g1) * norm(attn(norm(x) * (1 + s1)));  x = x + tanh(g2) * norm(ffn(norm(x) * (1 + s2)))
        """
        if time is None:
            x = x + self.attention_norm2(self.attention(self.attention_norm1(x), rope))
            return x + self.ffn_norm2(self.feed_forward(self.ffn_norm1(x)))
        scale1, gate1, scale2, gate2 = self.adaLN_modulation[0](time).unsqueeze(1).chunk(4, dim=-1)
        h = self.attention(self.attention_norm1(x) * (1.0 + scale1), rope)
        x = x + gate1.tanh() * self.attention_norm2(h)
        h = self.feed_forward(self.ffn_norm1(x) * (1.0 + scale2))
        return x + gate2.tanh() * self.ffn_norm2(h)


class TimestepEmbedder(nn.Module):
    """Sinusoidal embedding of the time (cosines first), through a small MLP."""

    def __init__(self, out: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(256, 1024), nn.SiLU(), nn.Linear(1024, out))

    def forward(self, t: Tensor) -> Tensor:
        """``t [B]`` in 0..1000, fp32, on any device -> ``[B, out]`` in the weights' dtype."""
        weight = next(self.mlp.parameters())
        t = t.to(weight.device)
        half = 128
        exponents = torch.arange(half, dtype=torch.float32, device=t.device)
        angles = t[:, None].float() * torch.exp(-math.log(10000) * exponents / half)
        waves = torch.cat([angles.cos(), angles.sin()], dim=-1)
        return self.mlp(waves.to(weight.dtype))


class FinalLayer(nn.Module):
    """From the width of the transformer back to the latent pixels of one patch."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.linear = nn.Linear(config.dim, config.patch**2 * config.in_channels)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(config.modulation_dim, config.dim))

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """``x [B, L, D]``, ``time [B, 256]`` -> ``[B, L, patch * patch * C]``."""
        scale = 1.0 + self.adaLN_modulation(time)
        return self.linear(F.layer_norm(x, x.shape[-1:], eps=1e-6) * scale.unsqueeze(1))


class Transformer(nn.Module):
    """The denoiser. :meth:`refine_caption` once per prompt, :meth:`forward` once per step."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.positions = Positions(config)
        dim, patch = config.dim, config.patch
        self.all_x_embedder = nn.ModuleDict({f"{patch}-1": nn.Linear(patch**2 * config.in_channels, dim)})
        self.all_final_layer = nn.ModuleDict({f"{patch}-1": FinalLayer(config)})
        self.noise_refiner = nn.ModuleList(Block(config, modulated=True) for _ in range(config.n_refiner_layers))
        self.context_refiner = nn.ModuleList(Block(config, modulated=False) for _ in range(config.n_refiner_layers))
        self.t_embedder = TimestepEmbedder(config.modulation_dim)
        self.cap_embedder = nn.Sequential(
            RMSNorm(config.cap_feat_dim, config.norm_eps), nn.Linear(config.cap_feat_dim, dim)
        )
        self.x_pad_token = nn.Parameter(torch.zeros(1, dim))
        self.cap_pad_token = nn.Parameter(torch.zeros(1, dim))
        self.layers = nn.ModuleList(Block(config, modulated=True) for _ in range(config.n_layers))

    def refine_caption(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Text features -> caption tokens; depends on neither time nor picture size, so once per prompt.

        Args:
            features: ``[B, n, cap_feat_dim]``, the text encoder's output.
            lengths: ``[B]`` real tokens of each caption, all with the same :func:`padded` length; default: all ``n``.

        Returns:
            ``[B, N, D]`` with ``N = padded(n)``.
        """
        n = features.shape[1]
        # The reference embeds the pads too before it replaces them; in bf16 the rounding depends on the row count.
        x = self.cap_embedder(F.pad(features, (0, 0, 0, padded(n) - n)))
        real = features.new_full((len(x),), n, dtype=torch.long) if lengths is None else lengths
        is_pad = torch.arange(x.shape[1], device=x.device) >= real[:, None]
        x = torch.where(is_pad[..., None], self.cap_pad_token, x)
        rope = self.positions.caption(x.shape[1], x.device)
        for block in self.context_refiner:
            x = block(x, rope)
        return x

    def forward(self, latents: Tensor, t: Tensor, caption: Tensor) -> Tensor:
        """Predict ``clean - noise`` for ``latents`` at time ``t``.

        Args:
            latents: ``[B, C, height, width]`` in the weights' dtype; sides are multiples of the patch.
            t: ``[B]`` fp32 on any device, ``1 - sigma``: 0 is pure noise, 1 the finished picture.
            caption: ``[B, N, D]`` from :meth:`refine_caption`.

        Returns:
            ``[B, C, height, width]``, in the weights' dtype.
        """
        patch = self.config.patch
        rows, columns = latents.shape[2] // patch, latents.shape[3] // patch
        length, n = rows * columns, caption.shape[1]
        time = self.t_embedder(t * self.config.t_scale).type_as(latents)

        x = self.all_x_embedder[f"{patch}-1"](patchify(latents, patch))
        pads = self.x_pad_token.expand(len(x), padded(length) - length, -1)
        x = torch.cat([x, pads], dim=1)
        image, everything = self.positions.sequence(rows, columns, n, x.device)
        for block in self.noise_refiner:
            x = block(x, image, time)

        x = torch.cat([x, caption], dim=1)  # image first
        for block in self.layers:
            x = block(x, everything, time)

        x = self.all_final_layer[f"{patch}-1"](x[:, :length], time)
        return unpatchify(x, rows, columns, patch)


def patchify(latents: Tensor, patch: int) -> Tensor:
    """``[B, C, rows * patch, columns * patch]`` -> ``[B, rows * columns, patch * patch * C]``, channels fastest."""
    b, c, height, width = latents.shape
    x = latents.view(b, c, height // patch, patch, width // patch, patch)
    return x.permute(0, 2, 4, 3, 5, 1).reshape(b, -1, patch * patch * c)


def unpatchify(x: Tensor, rows: int, columns: int, patch: int) -> Tensor:
    """The inverse of :func:`patchify`."""
    b, _, width = x.shape
    c = width // patch**2
    x = x.view(b, rows, columns, patch, patch, c).permute(0, 5, 1, 3, 2, 4)
    return x.reshape(b, c, rows * patch, columns * patch)
