"""Tensors where they lie in a safetensors file: views of the mapped file, and of its pages no more than are in use.

A page that was read counts as memory of this process until the mapping drops it, so who has read a tensor releases it.
The kernel may keep it in its cache, which is no one's memory: the next reading is then as quick as copying.
"""

import json
import mmap
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}
"""The dtypes read from files. Quantised ones need scales, which nothing here applies."""


@dataclass(frozen=True, slots=True)
class MappedTensor:
    """One tensor of a file."""

    tensor: Tensor
    """A view of the file, on the CPU, in the file's dtype. Writing to it ends the process."""
    mapping: mmap.mmap
    start: int
    """Of its bytes in the file."""
    end: int

    def expect(self) -> None:
        """Have the kernel begin to read it from the disk."""
        self._advise(mmap.MADV_WILLNEED)

    def release(self) -> None:
        """It was read: its pages are this process's memory no more. It can be read again."""
        self._advise(mmap.MADV_DONTNEED)

    def _advise(self, option: int) -> None:
        first = self.start // mmap.PAGESIZE * mmap.PAGESIZE
        self.mapping.madvise(option, first, self.end - first)


def tensors(file: Path) -> dict[str, MappedTensor]:
    """Every tensor of a sound safetensors ``file`` in one of :data:`DTYPES`; reads its header only."""
    with file.open("rb") as stream:
        mapping = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    begin = 8 + int.from_bytes(mapping[:8], "little")
    entries = json.loads(mapping[8:begin])
    entries.pop("__metadata__", None)
    return {
        name: _view(mapping, begin, entry["dtype"], entry["shape"], entry["data_offsets"])
        for name, entry in entries.items()
        if entry["dtype"] in DTYPES
    }


def _view(mapping: mmap.mmap, begin: int, dtype: str, shape: list[int], offsets: list[int]) -> MappedTensor:
    start, end = begin + offsets[0], begin + offsets[1]
    kind = DTYPES[dtype]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch has no tensors that cannot be written to, and says so
        flat = torch.frombuffer(mapping, dtype=kind, count=(end - start) // kind.itemsize, offset=start)
    return MappedTensor(flat.view(shape), mapping, start, end)
