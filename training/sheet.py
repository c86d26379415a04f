"""A contact sheet: what the networks, as they stand, paint for a fixed list of prompts. Look at it often."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

import decoder as decoding
import diffusion
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
def make(folder: Path, path: Path, columns: int = 8, rows: int = 6, size: int = 256) -> None:
    """Write the sheet: one picture per prompt, each shrunk to `size` pixels wide."""
    network, words = diffusion.load(folder), diffusion.Words.load(folder)
    decoder = Autoencoder(decoding.CONFIG).decoder
    decoder.load_state_dict(torch.load(folder / "decoder.pt", map_location="cpu")["average"])
    tiles = []
    for seed, prompt in enumerate(PROMPTS):
        z = diffusion.sample(network, words, prompt, columns, rows, [seed])
        pixels = ((decoder(z)[0].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
        tiles.append(np.asarray(Image.fromarray(pixels).reduce(max(1, pixels.shape[1] // size))))
    bands = [np.concatenate(tiles[i : i + ACROSS], axis=1) for i in range(0, len(tiles), ACROSS)]
    Image.fromarray(np.concatenate(bands)).save(path)
