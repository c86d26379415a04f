"""Rotary angles once per shape, not once per step."""

import functools

import torch

from tintype.engine.networks import Networks
from tintype.model.positions import Positions, Rope

SHAPES = 16
"""Shapes that are kept; the largest, 2048x2048 beside a long prompt, takes 9 MB."""


class RememberedPositions(Positions):
    """The answers of ``positions``, the latest kept."""

    def __init__(self, positions: Positions) -> None:
        self.axes_dims, self.theta = positions.axes_dims, positions.theta
        self._sequence = functools.lru_cache(SHAPES)(positions.sequence)
        self._caption = functools.lru_cache(SHAPES)(positions.caption)

    def caption(self, n: int, device: torch.device) -> Rope:
        """As the plain one."""
        return self._caption(n, device)

    def sequence(self, rows: int, columns: int, n: int, device: torch.device) -> tuple[Rope, Rope]:
        """As the plain one."""
        return self._sequence(rows, columns, n, device)


def apply(networks: Networks) -> None:
    """Replace the transformer's positions."""
    networks.transformer.positions = RememberedPositions(networks.transformer.positions)
