"""A contact sheet: what the networks, as they stand, paint for a fixed list of prompts. Look at it often."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

import decoder as decoding
import diffusion
from latents import LinearLatents
from tintype.model.autoencoder import Autoencoder

PROMPTS = (
    "a red sailboat on a calm sea at sunset",
    "a red sailboat on a calm sea at night",
    "a cottage in the snow at night",
    "a green cactus in the desert by day",
    "a pine tree in the snow at dawn, mountains",
    "a palm tree on the beach at sunset",
    "a white lighthouse on the sea by day",
    "a black cat in a meadow",
    "a yellow car in the desert at dawn",
    "a purple hot air balloon over a green field",
    "a castle under an overcast sky",
    "a blue flower in a ploughed field",
    "a tent at night under the stars",
    "a windmill in a meadow at sunset",
    "a red mushroom on the grass",
    "snowy mountains at dawn",
    "a rainbow over a beach",
    "a snowman with a blue scarf",
    "a pink house on the left",
    "two trees in a field",
)
ACROSS = 5


@torch.no_grad()
def pictures(latents: torch.Tensor, folder: Path) -> np.ndarray:
    """Latents -> uint8 [B, H, W, 3]: by the decoder if it knows full-size pictures, else by the linear code."""
    path = folder / "decoder.pt"
    if path.exists():
        decoder = Autoencoder(decoding.CONFIG).decoder
        decoder.load_state_dict(torch.load(path, map_location="cpu")["average"])
        drawn = torch.cat([decoding.decode(decoder, z[None], decoding.QUARTER) for z in latents])
    else:
        drawn = LinearLatents.load(folder / "latents.safetensors").decode(latents)
    return ((drawn.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()


def make(folder: Path, path: Path, columns: int = 8, rows: int = 6, linear: bool = False) -> None:
    """Write the sheet of all prompts, one picture each, at a quarter of the size."""
    network, words = diffusion.load(folder), diffusion.Words.load(folder)
    latents = torch.cat(
        [diffusion.sample(network, words, prompt, columns, rows, [seed]) for seed, prompt in enumerate(PROMPTS)]
    )
    if linear:
        drawn = LinearLatents.load(folder / "latents.safetensors").decode(latents)
        drawn = F.interpolate(drawn, scale_factor=1.0)
        tiles = ((drawn.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    else:
        tiles = pictures(latents, folder)
    bands = [np.concatenate(list(tiles[i : i + ACROSS]), axis=1) for i in range(0, len(tiles), ACROSS)]
    Image.fromarray(np.concatenate(bands)).save(path)
