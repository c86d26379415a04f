"""Where tokens are, as rotary angles on three axes: caption order, row, column (RoFormer, Su et al. 2021).

Shapes: ``L`` image tokens, ``N`` caption tokens after padding, ``d`` channels of one head.
"""

import torch
from torch import Tensor

from tintype.model.config import TransformerConfig

TOKEN_MULTIPLE = 32
"""Image tokens and caption tokens are each padded to a multiple of this."""


class Rope:
    """Rotary angles of one sequence: their cosines and sines, each ``[L, d / 2]`` in fp32."""

    def __init__(self, cos: Tensor, sin: Tensor) -> None:
        self.cos, self.sin = cos, sin
        self.image: Rope | None = None
        """The angles of the image's tokens alone, where other tokens follow them."""

    def rotate(self, x: Tensor) -> Tensor:
        """Rotate neighbouring channel pairs of ``x [B, L, H, d]``, computed in fp32 and returned in ``x``'s dtype.

        The pairs are (0, 1), (2, 3), ... as in RoFormer, not the split halves of GPT-NeoX.
        """
        even, odd = x.float().reshape(*x.shape[:-1], -1, 2).unbind(-1)
        cos, sin = self.cos[:, None, :], self.sin[:, None, :]
        return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2).type_as(x)


def padded(length: int) -> int:
    """``length`` rounded up to a multiple of :data:`TOKEN_MULTIPLE`."""
    return -(-length // TOKEN_MULTIPLE) * TOKEN_MULTIPLE


class Positions:
    """The rotary angles of one transformer's sequences; they depend on shapes alone."""

    def __init__(self, config: TransformerConfig) -> None:
        self.axes_dims, self.theta = config.axes_dims, config.rope_theta

    def caption(self, n: int, device: torch.device) -> Rope:
        """Angles of ``n`` caption tokens by themselves, ``[N, d / 2]``."""
        return self.angles(caption_positions(n), device)

    def sequence(self, rows: int, columns: int, n: int, device: torch.device) -> tuple[Rope, Rope]:
        """Angles of the image's tokens, ``[padded(L), d / 2]``, and of these with ``n`` caption tokens behind them."""
        positions = image_positions(rows, columns, n)
        image = self.angles(positions, device)
        everything = self.angles(torch.cat([positions, caption_positions(n)]), device)
        everything.image = image
        return image, everything

    def angles(self, positions: Tensor, device: torch.device) -> Rope:
        """Angles at ``positions [L, 3]``, one band of channels per axis, for use on ``device``.

        Made in float64, which not every device has, hence on the CPU.
        """
        exponents = [torch.arange(0, d, 2, dtype=torch.float64) / d for d in self.axes_dims]
        angles = [torch.outer(positions[:, axis], 1.0 / self.theta**e) for axis, e in enumerate(exponents)]
        bands = torch.cat(angles, dim=-1).float()
        table = torch.polar(torch.ones_like(bands), bands)  # rounds its last bit as the reference does; cos() does not
        return Rope(table.real.contiguous().to(device), table.imag.contiguous().to(device))


def caption_positions(n: int) -> Tensor:
    """Positions ``[N, 3]`` of caption tokens, pads included: (1..N, 0, 0)."""
    positions = torch.zeros(n, 3, dtype=torch.float64)
    positions[:, 0] = torch.arange(1, n + 1)
    return positions


def image_positions(rows: int, columns: int, n: int) -> Tensor:
    """Positions ``[padded(L), 3]`` of image tokens: (N + 1, row, column), pads at the origin."""
    positions = torch.zeros(padded(rows * columns), 3, dtype=torch.float64)
    grid = positions[: rows * columns].view(rows, columns, 3)
    grid[..., 0] = n + 1
    grid[..., 1] = torch.arange(rows)[:, None]
    grid[..., 2] = torch.arange(columns)
    return positions
