"""Blocks whose weights lie on the host and come to the device one block at a time, each when it runs.

The blocks stay plain modules: hooks before and after their ``forward`` exchange what their parameters point to. Where
they rest it is the host's tensors, so whoever looks at the weights sees them. The weights that run are copies of the
same numbers, so no bit of a picture changes.

On CUDA the next block's weights are copied on a second stream while one runs; elsewhere the kernel is told to read them
from the disk meanwhile.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

ALIGNMENT = 64
"""Every parameter begins at a multiple of so many numbers, as those with memory of their own do: kernels look at it."""


class Home(Protocol):
    """Where a parameter lies while its block does not run: :class:`~tintype.engine.mapped.MappedTensor`, or memory."""

    @property
    def tensor(self) -> Tensor:
        """On the CPU; it may have another dtype than the network."""
        ...

    def expect(self) -> None:
        """It will be read soon."""

    def release(self) -> None:
        """It was read."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """A home in memory that a CUDA device copies from by itself."""

    tensor: Tensor

    def expect(self) -> None:
        """Nothing is to do."""

    def release(self) -> None:
        """Nothing is to do: it stays."""


class Room:
    """Memory on the device for one block, allocated once."""

    def __init__(self, numbers: int, dtype: torch.dtype, device: torch.device) -> None:
        self.memory = torch.empty(numbers, dtype=dtype, device=device)
        self.holds: nn.Module | None = None
        """The block whose weights are there."""
        on_cuda = device.type == "cuda"
        self.arrived = torch.cuda.Event() if on_cuda else None
        self.left = torch.cuda.Event() if on_cuda else None

    def views(self, shapes: Sequence[torch.Size]) -> list[Tensor]:
        """Tensors of ``shapes`` in it, one behind the other."""
        found: list[Tensor] = []
        start = 0
        for shape in shapes:
            found.append(self.memory[start : start + shape.numel()].view(shape))
            start += aligned(shape.numel())
        return found


def aligned(numbers: int) -> int:
    """``numbers`` rounded up to :data:`ALIGNMENT`."""
    return -(-numbers // ALIGNMENT) * ALIGNMENT


def room_for(block: nn.Module) -> int:
    """How many numbers a :class:`Room` for ``block`` must take."""
    return sum(aligned(parameter.numel()) for parameter in block.parameters())


class Streamer:
    """Brings blocks into rooms. One at a time runs; several lists of blocks may share the rooms of one streamer."""

    def __init__(self, rooms: int, numbers: int, dtype: torch.dtype, device: torch.device) -> None:
        """``rooms`` of ``numbers`` each are allocated on ``device``: one, or two if the next block is to come early."""
        self._rooms = [Room(numbers, dtype, device) for _ in range(rooms)]  # the next to be filled is the first
        self._copies = torch.cuda.Stream(device) if device.type == "cuda" else None
        self._homes: dict[nn.Module, dict[str, Home]] = {}
        self._next: dict[nn.Module, nn.Module] = {}

    def take(self, blocks: Sequence[nn.Module], homes: Sequence[Mapping[str, Home]]) -> None:
        """Stream ``blocks``, which run in this order over and over; ``homes`` has for each its parameters', by name."""
        for i, block in enumerate(blocks):
            self._homes[block] = {name: homes[i][name] for name, _ in block.named_parameters()}
            self._next[block] = blocks[(i + 1) % len(blocks)]
            block.register_forward_pre_hook(self._arrive)
            block.register_forward_hook(self._leave)
            self._rest(block)

    def _arrive(self, block: nn.Module, _arguments: Any) -> None:
        room = next((room for room in self._rooms if room.holds is block), self._rooms[0])
        if room.holds is not block:
            self._bring(block, room)
        if room.arrived is not None:
            torch.cuda.current_stream(room.memory.device).wait_event(room.arrived)
        parameters = list(block.parameters())
        for parameter, view in zip(parameters, room.views([one.shape for one in parameters]), strict=True):
            parameter.data = view
        self._rooms.remove(room)
        self._rooms.append(room)
        if self._copies is None:
            for home in self._homes[self._next[block]].values():
                home.release()  # from whoever looked at it while it rested
                home.expect()

    def _leave(self, block: nn.Module, _arguments: Any, _result: Any) -> None:
        room = self._rooms[-1]
        if room.left is not None:
            room.left.record(torch.cuda.current_stream(room.memory.device))
        self._rest(block)
        following = self._next[block]
        if self._copies is not None and self._rooms[0].holds is not following:
            self._bring(following, self._rooms[0])  # now: a copy that waits for the host's memory delays no kernel

    def _rest(self, block: nn.Module) -> None:
        homes = self._homes[block]
        for name, parameter in block.named_parameters():
            parameter.data = homes[name].tensor

    def _bring(self, block: nn.Module, room: Room) -> None:
        """Copy the weights of ``block`` into ``room``, once the block that was there has run."""
        homes = self._homes[block].values()
        room.holds = block
        with nullcontext() if self._copies is None else torch.cuda.stream(self._copies):
            if self._copies is not None and room.left is not None:
                self._copies.wait_event(room.left)
            for home, view in zip(homes, room.views([home.tensor.shape for home in homes]), strict=True):
                view.copy_(home.tensor, non_blocking=True)
                home.release()
            if self._copies is not None and room.arrived is not None:
                room.arrived.record(self._copies)
