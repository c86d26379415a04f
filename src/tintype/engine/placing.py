"""A plan carried out: the networks of a checkpoint, with what is streamed left on the host."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.engine import mapped, weights
from tintype.engine.available import machine
from tintype.engine.checkpoint import Checkpoint
from tintype.engine.footprint import BLOCK, TABLE
from tintype.engine.plan import Plan, rooms
from tintype.engine.streaming import Home, Pinned, Streamer, room_for
from tintype.engine.weights import Progress
from tintype.model.text_encoder import TextEncoder
from tintype.model.transformer import Transformer

NOTHING = re.compile(r"(?!)")
SPARE = 4 * 10**9
"""Bytes of the host's memory that pinned weights leave to others."""


class HostTable(nn.Module):
    """A table of embeddings that lies on the host; stands where the text encoder has its ``nn.Embedding``."""

    def __init__(self, home: Home, dtype: torch.dtype, device: torch.device) -> None:
        super().__init__()
        self._home, self._dtype, self._device = home, dtype, device

    @property
    def weight(self) -> Tensor:
        """All of it ``[V, D]``, copied to the device anew: for logits, once for each token that is written."""
        table = self._home.tensor.to(self._device, self._dtype, copy=True)
        self._home.release()
        return table

    def forward(self, ids: Tensor) -> Tensor:
        """``ids [B, L]`` -> ``[B, L, D]``; only their rows come to the device."""
        rows = F.embedding(ids.cpu(), self._home.tensor).to(self._device, self._dtype)
        self._home.release()
        return rows


def networks(
    checkpoint: Checkpoint,
    plan: Plan | None,
    dtype: torch.dtype,
    device: torch.device,
    progress: Progress | None = None,
) -> tuple[TextEncoder, Transformer]:
    """Load text encoder and transformer as ``plan`` wants them; without one all of both is on ``device``.

    A plan in 8 bits is loaded as it is in the checkpoint: the pass that shrinks it is :mod:`tintype.engine.passes`'.

    Raises:
        SetupError: the files are damaged or of another network.
    """
    text_left = re.compile(f"{BLOCK.pattern}|.*{TABLE}") if plan and plan.streams_text_encoder else NOTHING
    left = BLOCK if plan and plan.streams_transformer else NOTHING
    encoder = checkpoint.text_encoder(dtype, device, progress, lambda name: text_left.match(name) is not None)
    transformer = checkpoint.transformer(dtype, device, progress, lambda name: left.match(name) is not None)
    if plan is None or not plan.streams_text_encoder:
        return encoder, transformer
    lists = {"text_encoder": [list(encoder.model.layers)]}
    if plan.streams_transformer:
        # two lists, for the first runs once per prompt, the other in every step
        lists["transformer"] = [
            list(transformer.context_refiner),
            [*transformer.noise_refiner, *transformer.layers],
        ]
    blocks = [block for part in lists.values() for some in part for block in some]
    streamer = Streamer(rooms(device), max(map(room_for, blocks)), dtype, device)
    find = _finder(device, dtype, sum(map(room_for, blocks)) * dtype.itemsize)
    names = {"text_encoder": _names(encoder.model), "transformer": _names(transformer)}
    for part, some in lists.items():
        homes = find(checkpoint.folder / part)
        if part == "text_encoder":
            table = HostTable(homes[TABLE], dtype, device)
            encoder.model.register_module("embed_tokens", table)
        for those in some:
            _leave_on_host(those, [_homes_of(names[part][block], homes) for block in those], streamer)
    return encoder, transformer


def _names(network: nn.Module) -> dict[nn.Module, str]:
    return {module: name for name, module in network.named_modules()}


def _homes_of(block: str, homes: dict[str, Home]) -> dict[str, Home]:
    start = f"{block}."
    return {name.removeprefix(start): home for name, home in homes.items() if name.startswith(start)}


def _leave_on_host(blocks: Sequence[nn.Module], homes: list[dict[str, Home]], streamer: Streamer) -> None:
    for block, some in zip(blocks, homes, strict=True):
        for name in [name for name, _ in block.named_parameters()]:
            weights.put(block, name, some[name].tensor)  # from the meta device, which cannot be exchanged in place
    streamer.take(blocks, homes)


def _finder(device: torch.device, dtype: torch.dtype, size: int) -> Callable[[Path], dict[str, Home]]:
    """How the tensors in a folder are kept: on CUDA in pinned memory if ``size`` bytes are to spare, else in the file.

    Names are without the ``model.`` that the published text encoder has in front.
    """
    pins = device.type == "cuda" and machine() - size >= SPARE

    def homes(folder: Path) -> dict[str, Home]:
        found: dict[str, Home] = {}
        for file in weights.files(folder):
            for name, home in mapped.tensors(file).items():
                found[name.removeprefix("model.")] = home
        return {name: _pinned(home, dtype) if pins and BLOCK.match(name) else home for name, home in found.items()}

    return homes


def _pinned(home: Home, dtype: torch.dtype) -> Pinned:
    tensor = torch.empty(home.tensor.shape, dtype=dtype, pin_memory=True).copy_(home.tensor)
    home.release()
    return Pinned(tensor)
