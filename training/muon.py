"""Muon (Jordan et al. 2024): momentum, orthogonalised, for weight matrices. In fp32.

A convolution [out, in, 3, 3] is a matrix [out, 9 in].

torch.optim.Muon iterates in bf16, which processors without instructions for it emulate at a fiftieth of the speed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

# Odd polynomials that push every singular value towards 1, the first steps the hardest (Amsel et al. 2025).
# Three suffice here: more would cost as much as the gradients themselves.
POLYNOMIALS = ((8.2872, -23.5959, 17.3004), (4.1071, -2.9478, 0.5448), (3.9487, -2.9089, 0.5518))


def orthogonalised(matrices: Tensor) -> Tensor:
    """[n, rows, columns] -> nearly the closest (semi-)orthogonal matrices, by Newton-Schulz iteration."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / (1.02 * x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for a, b, c in POLYNOMIALS:
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """For the matrices and convolutions inside a network; give the rest to AdamW."""

    def __init__(self, weights: Iterable[Tensor], lr: float, momentum: float = 0.95, decay: float = 0.01) -> None:
        super().__init__(list(weights), {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure=None) -> None:
        assert closure is None
        for group in self.param_groups:
            alike: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is not None:
                    alike[weight.shape].append(weight)
            for shape, weights in alike.items():
                self._step_alike(weights, shape, group)

    def _step_alike(self, weights: list[Tensor], shape: torch.Size, group: dict) -> None:
        """One step of all weights of one shape, orthogonalised in one batch."""
        updates = []
        for weight in weights:
            moving = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
            moving.lerp_(weight.grad, 1 - group["momentum"])
            updates.append(weight.grad.lerp(moving, group["momentum"]).flatten(1))  # Nesterov
        scale = max(1.0, shape[0] / shape[1:].numel()) ** 0.5
        for weight, update in zip(weights, orthogonalised(torch.stack(updates)), strict=True):
            weight.mul_(1 - group["lr"] * group["decay"]).add_(update.view(shape), alpha=-group["lr"] * scale)
