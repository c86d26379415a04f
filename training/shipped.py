"""The way back from a checkpoint to training states, for when the states are gone: `postcard.py --from-shipped`.

What cannot be had back: the optimisers' states, and the digits that rounding to bf16 took.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from latents import FILE
from run import write_state


def take_up(checkpoint: Path, folder: Path) -> None:
    """Make what is missing in `folder` - tokenizer, latents and states - from the exported `checkpoint`."""
    if not (folder / "tokenizer" / "tokenizer.json").exists():
        shutil.copytree(checkpoint / "tokenizer", folder / "tokenizer", dirs_exist_ok=True)
    vae = load_file(checkpoint / "vae" / "diffusion_pytorch_model.safetensors")
    stages = {
        "language": load_file(checkpoint / "text_encoder" / "model.safetensors"),
        "diffusion": load_file(checkpoint / "transformer" / "diffusion_pytorch_model.safetensors"),
        "decoder": half(vae, "decoder."),
        "encoder": half(vae, "encoder."),
    }
    trained = json.loads((checkpoint / "tintype.json").read_text())["trained"]
    for name, weights in stages.items():
        if not (folder / f"{name}.pt").exists():
            exact = {key: weight.float() for key, weight in weights.items()}
            write_state(folder / f"{name}.pt", exact, **trained[name])
    if not (folder / FILE).exists():
        shutil.copy(checkpoint / FILE, folder / FILE)


def half(vae: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): weight for name, weight in vae.items() if name.startswith(prefix)}
