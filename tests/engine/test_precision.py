"""Weights that lie in bf16 where arithmetic is in fp32."""

from pathlib import Path

import pytest
import torch

from tintype.engine.checkpoint import Checkpoint
from tintype.engine.networks import Networks
from tintype.engine.precision import needs_widening, widen

from .tiny_checkpoint import write_checkpoint

CPU = torch.device("cpu")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    write_checkpoint(tmp_path)
    return Checkpoint.open(tmp_path)


def loaded(checkpoint: Checkpoint, dtype: torch.dtype) -> Networks:
    parts = (checkpoint.text_encoder, checkpoint.transformer, checkpoint.autoencoder)
    return Networks(*(part(dtype, CPU) for part in parts))


@torch.inference_mode()
def answers(networks: Networks) -> list[torch.Tensor]:
    """Of every network, on the way from ids to pixels."""
    ids, start = torch.tensor([[3, 1, 4, 1, 5]]), torch.randn(1, 4, 6, 8, generator=torch.Generator().manual_seed(2))
    features = networks.text_encoder(ids)
    caption = networks.transformer.refine_caption(features)
    velocity = networks.transformer(start, torch.tensor([0.4]), caption)
    return [features, networks.text_encoder.logits(ids), caption, velocity, networks.autoencoder.decode(velocity)]


def test_widened_weights_answer_as_the_same_weights_in_fp32(checkpoint: Checkpoint) -> None:
    narrow, wide = loaded(checkpoint, torch.bfloat16), loaded(checkpoint, torch.bfloat16)
    for network in (narrow.text_encoder, narrow.transformer, narrow.autoencoder):
        network.float()
    widen(wide, large=1000)
    for ours, expected in zip(answers(wide), answers(narrow), strict=True):
        assert ours.dtype == torch.float32
        assert torch.equal(ours, expected)


def test_matrices_stay_as_small_as_they_were(checkpoint: Checkpoint) -> None:
    networks = loaded(checkpoint, torch.bfloat16)
    widen(networks, large=1000)
    dtypes = {name: tensor.dtype for name, tensor in networks.transformer.named_parameters()}
    assert dtypes["layers.0.attention.to_q.weight"] == dtypes["layers.0.feed_forward.w2.weight"] == torch.bfloat16
    assert dtypes["layers.0.attention_norm1.weight"] == dtypes["x_pad_token"] == torch.float32


def test_only_a_cpu_is_widened_for() -> None:
    assert not needs_widening(torch.bfloat16, torch.device("cuda"))
    assert not needs_widening(torch.float32, CPU)
