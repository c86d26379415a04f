"""The way back from a checkpoint to training states, for when the states are gone: `postcard.py --from-shipped`.

What cannot be had back: the optimisers' states, and the digits that rounding to bf16 took.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

import decoder as decoding
from latents import COMPONENTS, LinearLatents, alternation
from run import write_state
from tintype.model.autoencoder import Autoencoder, Decoder

SIDE = 4  # latent pixels: enough to see what one component draws


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
        "checker": load_file(checkpoint / "safety_checker" / "model.safetensors"),
    }
    trained = json.loads((checkpoint / "tintype.json").read_text())["trained"]
    for name, weights in stages.items():
        if not (folder / f"{name}.pt").exists():
            exact = {key: weight.float() for key, weight in weights.items()}
            write_state(folder / f"{name}.pt", exact, **trained[name])
    if not (folder / "latents.safetensors").exists():
        refit(stages["decoder"]).save(folder / "latents.safetensors")


def half(vae: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): weight for name, weight in vae.items() if name.startswith(prefix)}


def refit(weights: dict[str, Tensor]) -> LinearLatents:
    """The linear latents that a decoder was trained on: fitted again, with the decoder's signs.

    The same pictures give the same components, but which way a component points is up to the linear algebra library
    and even to its number of threads.
    """
    decoder = Autoencoder(decoding.CONFIG).decoder
    decoder.load_state_dict(weights)
    code = LinearLatents.fit()
    likeness = likenesses(decoder, code)
    if likeness.abs().min() < 0.5:
        raise SystemExit(
            f"the decoder draws component {likeness.abs().argmin()} with a likeness of {likeness.abs().min():.2f}, not "
            "nearly 1 or -1: palette, things or scenes have changed since it was trained, so train all from nothing"
        )
    return LinearLatents(code.mean, code.basis * likeness.sign(), code.spread)


@torch.no_grad()
def likenesses(decoder: Decoder, code: LinearLatents) -> Tensor:
    """How alike (-1..1) what the decoder draws for each component [COMPONENTS] is to the component itself."""
    up = torch.eye(COMPONENTS)[:, :, None, None].expand(-1, -1, SIDE, SIDE)
    parity = alternation(up).expand(COMPONENTS, -1, -1, -1)

    def drawn(z: Tensor) -> Tensor:
        return decoding.quarter_picture(decoding.quarter_features(decoder, z))

    up, down = torch.cat([parity, up], dim=1), torch.cat([parity, -up], dim=1)
    ours, wanted = drawn(up) - drawn(down), code.decode(up) - code.decode(down)
    return torch.cosine_similarity(ours.flatten(1), wanted.flatten(1))
