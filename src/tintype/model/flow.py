"""Flow matching, the noise maths that sampling and training share (Lipman et al. 2022; shift: Esser et al. 2024).

``noisy = (1 - sigma) * clean + sigma * noise``, and the velocity along this straight line is ``noise - clean``. The
transformer predicts its negation, ``clean - noise``.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def shift_sigmas(sigmas: Tensor, shift: float) -> Tensor:
    """Move noise levels in 0..1 towards 1: ``shift * s / (1 + (shift - 1) * s)``."""
    return shift * sigmas / (1 + (shift - 1) * sigmas)


def sigmas_for(steps: int, shift: float) -> Tensor:
    """The ``steps + 1`` noise levels of a run, from 1 down to 0, fp32 on the CPU.

    A uniform grid 1, (steps - 1) / steps, ... 1 / steps, shifted, and a final 0: ``steps`` network calls, none wasted.
    """
    grid = torch.linspace(1.0, 1.0 / steps, steps)  # in fp32, as the reference spaces it
    return torch.cat([shift_sigmas(grid, shift), torch.zeros(1)])


def time_of(sigma: Tensor) -> Tensor:
    """What the transformer is told at noise level ``sigma``: ``1 - sigma``, rounded as the reference rounds it."""
    return (1000 - sigma * 1000) / 1000


def add_noise(clean: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:
    """``[B, ...]`` latents at noise level ``sigma [B]``."""
    sigma = sigma.view(-1, *[1] * (clean.ndim - 1))
    return (1 - sigma) * clean + sigma * noise


def euler_step(latents: Tensor, prediction: Tensor, sigma: Tensor, sigma_next: Tensor) -> Tensor:
    """One step along the flow, in fp32: ``latents`` at ``sigma`` -> latents at ``sigma_next``.

    ``prediction`` is the transformer's output, ``clean - noise``.
    """
    return latents + (sigma_next - sigma) * -prediction.float()


class Course:
    """The last two predictions of a run, and where the line through them leads."""

    def __init__(self) -> None:
        self._known: list[tuple[Tensor, Tensor]] = []

    def add(self, sigma: Tensor, prediction: Tensor) -> None:
        """Note the transformer's output at noise level ``sigma``."""
        self._known = [*self._known[-1:], (sigma, prediction)]

    def foretold(self, sigma: Tensor) -> Tensor:
        """The prediction at ``sigma``, linear in the noise level; two must be known."""
        (sigma_1, first), (sigma_2, second) = self._known
        return second + (second - first) * ((sigma - sigma_2) / (sigma_2 - sigma_1)).to(second)


def clean_at(latents: Tensor, prediction: Tensor, sigma: Tensor) -> Tensor:
    """Where the flow would end if it went straight on: ``latents`` at ``sigma`` without the noise predicted in them.

    The same before and after the step along ``prediction``; after the last one it is ``latents``.
    """
    return latents + sigma * prediction.float()


def velocity_loss(prediction: Tensor, clean: Tensor, noise: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean squared error of the predicted direction ``clean - noise``, optionally weighted per element."""
    error = F.mse_loss(prediction.float(), clean - noise, reduction="none")
    return (error if weight is None else error * weight).mean()
