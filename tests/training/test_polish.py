"""What the transformer learns from last."""

from random import Random

import torch
from torch import Tensor

import diffusion
from latents import CHANNELS, COMPONENTS, SQUARE, LinearLatents
from polish import jumps, visible_loss, walk
from tintype.model.flow import sigmas_for
from tintype.model.transformer import Transformer


def some_code() -> LinearLatents:
    basis, _ = torch.linalg.qr(torch.randn(3 * SQUARE**2, COMPONENTS, generator=torch.Generator().manual_seed(1)))
    return LinearLatents(torch.zeros(3 * SQUARE**2), basis, torch.ones(COMPONENTS))


def test_only_an_error_is_seen() -> None:
    error = torch.randn(2, CHANNELS, 4, 6, generator=torch.Generator().manual_seed(2))
    assert visible_loss(some_code(), torch.zeros_like(error)) == 0
    assert visible_loss(some_code(), error) > 0


def test_a_joint_is_a_change_from_one_square_to_the_next_and_nothing_else() -> None:
    inside, between = (torch.zeros(1, 3, 2 * SQUARE, 2 * SQUARE) for _ in range(2))
    inside[..., 3:] = 1
    between[..., SQUARE:] = 1
    assert jumps(inside) == 0
    assert jumps(between) == 1


def test_the_network_learns_where_its_own_steps_led() -> None:
    torch.manual_seed(3)
    network = diffusion.new_network()
    clean, noise = torch.randn(2, 2, CHANNELS, 4, 4)
    steps: list[float] = []
    with torch.autocast("cpu", torch.bfloat16):
        tokens = network.refine_caption(torch.randn(2, 5, diffusion.CONFIG.cap_feat_dim))
        for seed in range(8):
            x, sigma = walk(network, clean, noise, tokens, sigmas_for(8, 3.0), Random(seed))
            steps.append(float(sigma))
        answer = network(x, torch.full((2,), 0.5), tokens)
    answer.float().square().mean().backward()
    assert not x.requires_grad
    assert len(set(steps)) > 2, "not always the same level"
    assert all(has_gradient(network, name) for name in ("layers.0.attention.to_q", "layers.5.feed_forward.w2"))


def has_gradient(network: Transformer, name: str) -> bool:
    gradient: Tensor | None = network.get_submodule(name).weight.grad  # type: ignore[assignment]
    return gradient is not None and bool(gradient.abs().sum() > 0)
