"""Can the text encoder write? Its last layer, which pictures never use, may be damaged without anybody noticing.

The last shard of the text encoder that was published with Z-Image-Turbo is: long runs of its bytes are zero. It reads
prompts as if nothing were wrong, and writes fluent nonsense. The same shard of Qwen/Qwen3-4B, whose other shards are
the same files, is sound; ``tintype pull`` fetches it.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch

from tintype.model.text_encoder import TextEncoder

ROWS = 8
"""So many rows of zeros in a row are no weights. Training leaves none; the known damage has hundreds."""
REMEDY = (
    "Run 'tintype pull z-image-turbo', which fetches the sound file of Qwen/Qwen3-4B, and start the server again; "
    "until then send requests without enable_prompt_expansion"
)


@dataclass(frozen=True, slots=True)
class DamagedFile:
    """A file that is known to have been published damaged."""

    name: str
    size: int
    """In bytes; only a file of this size is read at all."""
    sha256: str


KNOWN = DamagedFile(
    name="model-00003-of-00003.safetensors",
    size=99_630_640,
    sha256="7ca841ee75b9c61267c0c6148fd8d096d3d21b6d3e161256a9b878154f91fc52",
)


def found(folder: Path, encoder: TextEncoder, known: DamagedFile = KNOWN) -> str | None:
    """Why the text encoder loaded from ``folder`` must not write, and what to do; None if nothing is wrong with it.

    Clients read it, so it does not say where the folder lies.
    """
    file = folder / known.name
    if file.is_file() and file.stat().st_size == known.size and _sha256(file) == known.sha256:
        return f"Prompts cannot be expanded: {folder.name}/{file.name} was published damaged, and is so here. {REMEDY}"
    if name := zeroed(encoder):
        return (
            f"Prompts cannot be expanded: {name} in {folder.name} has long runs of zeros, so its file is damaged. "
            f"{REMEDY}"
        )
    return None


@torch.inference_mode()
def zeroed(encoder: TextEncoder) -> str | None:
    """The name of a matrix of the last layer with :data:`ROWS` neighbouring rows of zeros, if there is one."""
    last = len(encoder.model.layers) - 1
    for name, weight in encoder.model.layers[last].named_parameters():
        if weight.ndim == 2 and len(weight) >= ROWS:
            blank = ~weight.any(dim=1)
            if blank.unfold(0, ROWS, 1).all(dim=1).any():
                return f"model.layers.{last}.{name}"
    return None


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
