"""Rotary angles once per shape, not once per step; on a CPU each rotation is one product of complex numbers."""

import functools

import torch
from torch import Tensor

from tintype.engine.networks import Networks
from tintype.model.positions import Positions, Rope

SHAPES = 16
"""Shapes that are kept; the largest, 2048x2048 beside a long prompt, takes 9 MB."""


class ComplexRope(Rope):
    """The twin of :class:`~tintype.model.positions.Rope`: the same products and sums, in one walk through memory."""

    def __init__(self, rope: Rope) -> None:
        super().__init__(rope.cos, rope.sin)
        self.turns = torch.complex(rope.cos, rope.sin)[:, None, :]

    def rotate(self, x: Tensor) -> Tensor:
        """``x [B, L, H, d]`` -> ``[B, L, H, d]``, in its dtype."""
        pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
        return torch.view_as_real(pairs * self.turns).flatten(-2).type_as(x)


class RememberedPositions(Positions):
    """The answers of ``positions``, the latest kept."""

    def __init__(self, positions: Positions) -> None:
        self.axes_dims, self.theta = positions.axes_dims, positions.theta
        self._sequence = functools.lru_cache(SHAPES)(super().sequence)
        self._caption = functools.lru_cache(SHAPES)(super().caption)

    def caption(self, n: int, device: torch.device) -> Rope:
        """As the plain one."""
        return self._caption(n, device)

    def sequence(self, rows: int, columns: int, n: int, device: torch.device) -> tuple[Rope, Rope]:
        """As the plain one."""
        return self._sequence(rows, columns, n, device)

    def angles(self, positions: Tensor, device: torch.device) -> Rope:
        """As the plain ones."""
        rope = super().angles(positions, device)
        return ComplexRope(rope) if device.type == "cpu" else rope


def apply(networks: Networks) -> None:
    """Replace the transformer's positions."""
    networks.transformer.positions = RememberedPositions(networks.transformer.positions)
