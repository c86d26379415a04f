"""A small picture of a painting in progress, for whoever watches it: a linear map from latents to colours.

Decoding would take as long as a step or longer; this takes a few milliseconds. docs/decisions/0008 says more.
"""

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from tintype.engine.sizes import Canvas, Pixels
from tintype.model.config import AutoencoderConfig

SIDE = 256
"""Pixels along the longer side of a preview, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class PreviewMap:
    """Latents to colours in -1..1: each latent pixel becomes ``k * k`` pixels, ``C`` channels ``3 * k * k`` values."""

    factors: Tensor
    """``[C, 3 * k * k]``, fp32 on the CPU; columns by colour, then row, then column of the ``k * k`` pixels."""
    bias: Tensor
    """``[3 * k * k]``."""

    @classmethod
    def from_json(cls, values: dict[str, Any], channels: int) -> Self:
        """From the lists ``factors`` and ``bias`` of numbers, for latents of ``channels`` channels.

        Raises:
            ValueError: they are not such lists.
        """
        try:
            factors = torch.tensor(values["factors"], dtype=torch.float32)
            bias = torch.tensor(values["bias"], dtype=torch.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"preview must have factors and bias, lists of numbers ({error})") from error
        columns = bias.numel()
        if columns == 0 or columns != 3 * math.isqrt(columns // 3) ** 2 or bias.ndim != 1:
            raise ValueError(f"preview: bias is {list(bias.shape)}, expected 3 * k * k numbers, such as 3 or 48")
        if factors.shape != (channels, columns):
            raise ValueError(f"preview: factors are {list(factors.shape)}, expected {[channels, columns]}")
        return cls(factors, bias)

    @torch.inference_mode()
    def colours(self, latents: Tensor) -> Pixels:
        """Latents ``[1, C, h, w]`` as the transformer has them -> pixels ``[h * k, w * k, 3]``."""
        k = math.isqrt(len(self.bias) // 3)
        values = (latents[0].float().cpu().permute(1, 2, 0) @ self.factors + self.bias).permute(2, 0, 1)
        picture = torch.pixel_shuffle(values, k).permute(1, 2, 0)
        return ((picture / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8).contiguous().numpy()

    def picture(self, latents: Tensor, canvas: Canvas, width: int, height: int) -> Pixels:
        """What a picture of ``width`` x ``height`` will show of ``latents``, with a longer side of :data:`SIDE`.

        Not larger than the picture itself.
        """
        pixels = self.colours(latents)
        ratio = pixels.shape[1] / canvas.width
        left, top, right, bottom = (side * ratio for side in canvas.kept(width, height))
        shrink = min(1.0, SIDE / max(width, height))
        size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        small = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC, box=(left, top, right, bottom))
        return np.asarray(small)


# The Flux autoencoder, which Z-Image uses. The numbers are those that ComfyUI publishes (comfy/latent_formats.py, class
# Flux: latent_rgb_factors, latent_rgb_factors_bias), fitted to latents as the transformer has them: shifted and scaled.
_FLUX_FACTORS = [
    [-0.0346, 0.0244, 0.0681],
    [0.0034, 0.0210, 0.0687],
    [0.0275, -0.0668, -0.0433],
    [-0.0174, 0.0160, 0.0617],
    [0.0859, 0.0721, 0.0329],
    [0.0004, 0.0383, 0.0115],
    [0.0405, 0.0861, 0.0915],
    [-0.0236, -0.0185, -0.0259],
    [-0.0245, 0.0250, 0.1180],
    [0.1008, 0.0755, -0.0421],
    [-0.0515, 0.0201, 0.0011],
    [0.0428, -0.0012, -0.0036],
    [0.0817, 0.0765, 0.0749],
    [-0.1264, -0.0522, -0.1103],
    [-0.0280, -0.0881, -0.0499],
    [-0.1262, -0.0982, -0.0778],
]
_FLUX = PreviewMap(torch.tensor(_FLUX_FACTORS), torch.tensor([-0.0329, -0.0718, -0.0851]))


def known_map(config: AutoencoderConfig) -> PreviewMap | None:
    """The map for an autoencoder whose latents are known, by its published numbers; None for any other."""
    is_flux = (config.latent_channels, config.scaling_factor, config.shift_factor) == (16, 0.3611, 0.1159)
    return _FLUX if is_flux else None
