"""A plan carried out: the networks of a checkpoint, with what is streamed left on the host."""

from collections.abc import Callable
from dataclasses import dataclass
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

Shrink = Callable[[nn.Module], object]
"""Makes a block's weights smaller, in place."""
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
    shrink: Shrink | None = None,
) -> tuple[TextEncoder, Transformer]:
    """Load text encoder and transformer as ``plan`` wants them; without one all of both is on ``device``.

    With a plan in 8 bits the transformer's blocks are loaded one by one, and each given to ``shrink`` at once, so that
    never more than one is there in full.

    Raises:
        SetupError: the files are damaged or of another network.
    """
    streams_text = plan is not None and plan.streams_text_encoder
    streams_blocks = plan is not None and plan.streams_transformer
    shrinks = plan is not None and plan.eight_bit and shrink is not None
    encoder = checkpoint.text_encoder(dtype, device, progress, _is_streamed_text if streams_text else None)
    left = _is_block if streams_blocks or shrinks else None
    transformer = checkpoint.transformer(dtype, device, progress, left)
    streamed: list[_Streamed] = []
    if streams_text:
        texts = _Files(checkpoint.folder / "text_encoder")
        streamed.append(_Streamed(_numbered("layers", encoder.model.layers), encoder.model, texts))
        encoder.model.register_module("embed_tokens", HostTable(texts.homes[TABLE], dtype, device))
    if left is not None:
        steps = _Files(checkpoint.folder / "transformer")
        refiners = _numbered("noise_refiner", transformer.noise_refiner)
        in_steps = refiners + _numbered("layers", transformer.layers)
        once = _numbered("context_refiner", transformer.context_refiner)
        if shrink is not None and shrinks:
            _load_shrunk(once + in_steps, transformer, steps, dtype, device, shrink)
        else:
            streamed += [_Streamed(once, transformer, steps), _Streamed(in_steps, transformer, steps)]
    if streamed:
        _stream(streamed, dtype, device)
    return encoder, transformer


def _is_block(name: str) -> bool:
    return BLOCK.match(name) is not None


def _is_streamed_text(name: str) -> bool:
    return _is_block(name) or name.endswith(TABLE)


class _Files:
    """Where the tensors in a folder lie; by their names without the ``model.`` of the published text encoder."""

    def __init__(self, folder: Path) -> None:
        files = weights.files(folder)
        self.homes = {
            name.removeprefix("model."): home for file in files for name, home in mapped.tensors(file).items()
        }

    def of(self, block: str) -> dict[str, mapped.MappedTensor]:
        """Those of one block, by their names in it."""
        start = f"{block}."
        return {name.removeprefix(start): home for name, home in self.homes.items() if name.startswith(start)}


@dataclass(frozen=True, slots=True)
class _Streamed:
    """Blocks of one network, by name, that run in this order."""

    names: list[str]
    network: nn.Module
    files: _Files


def _stream(lists: list[_Streamed], dtype: torch.dtype, device: torch.device) -> None:
    """Have the blocks rest on the host: on CUDA in pinned memory if there is enough of it, else in their files."""
    sizes = [room_for(some.network.get_submodule(name)) for some in lists for name in some.names]
    parameters = [one for some in lists for name in some.names for one in some.network.get_submodule(name).parameters()]
    pins = device.type == "cuda" and machine() - sum(pinned_size(one, dtype) for one in parameters) >= SPARE
    streamer = Streamer(rooms(device), max(sizes), dtype, device)
    for some in lists:
        blocks = [some.network.get_submodule(name) for name in some.names]
        homes: list[dict[str, Home]] = []
        for name, block in zip(some.names, blocks, strict=True):
            found = some.files.of(name)
            homes.append({part: pinned(home, dtype) if pins else home for part, home in found.items()})
            for part, home in homes[-1].items():
                weights.put(block, part, home.tensor)  # in place of one without memory
        streamer.take(blocks, homes)


def _load_shrunk(
    names: list[str], network: nn.Module, files: _Files, dtype: torch.dtype, device: torch.device, shrink: Shrink
) -> None:
    for name in names:
        block = network.get_submodule(name)
        for part, home in files.of(name).items():
            weights.put(block, part, home.tensor.to(device, dtype, copy=True))
            home.release()
        shrink(block)


def _numbered(name: str, blocks: nn.ModuleList) -> list[str]:
    return [f"{name}.{i}" for i in range(len(blocks))]


def pinned_size(tensor: Tensor, dtype: torch.dtype) -> int:
    """Bytes of pinned memory for ``tensor`` in ``dtype``: PyTorch takes them by powers of two."""
    return 1 << (tensor.numel() * dtype.itemsize - 1).bit_length()


def pinned(home: Home, dtype: torch.dtype) -> Home:
    """A copy of ``home`` in memory, in ``dtype``; itself, where the system lets no more memory be pinned."""
    try:
        tensor = torch.empty(home.tensor.shape, dtype=dtype, pin_memory=True)
    except RuntimeError:
        return home
    tensor.copy_(home.tensor)
    home.release()
    return Pinned(tensor)
