"""Z-Image-Turbo in its full size, as files that are all holes: headers without weights, on any disk."""

import json
import math
import shutil
from pathlib import Path

import torch

from tintype.model.autoencoder import Autoencoder
from tintype.model.config import AutoencoderConfig, ImageClassifierConfig
from tintype.model.image_classifier import ImageClassifier

from .tiny_checkpoint import STEMS

GOLDEN = Path(__file__).parents[1] / "golden"
SIZES = {"BF16": 2, "F32": 4}
Shapes = dict[str, list[int]]


def write_sparse(file: Path, shapes: Shapes, dtype: str) -> None:
    """A safetensors file of ``shapes`` whose tensors take no room on the disk."""
    entries: dict[str, object] = {}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + SIZES[dtype] * math.prod(shape)
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
    head = json.dumps(entries).encode()
    with file.open("wb") as stream:
        stream.write(len(head).to_bytes(8, "little") + head)
        stream.truncate(8 + len(head) + end)


def write_published(root: Path) -> Path:
    """The whole of it, with the safety checker, as ``tintype pull`` leaves it."""
    shutil.copytree(GOLDEN / "z-image-turbo", root, ignore=shutil.ignore_patterns("*.md", "tensors.json"))
    shapes: dict[str, Shapes] = json.loads((GOLDEN / "z-image-turbo" / "tensors.json").read_text())
    checker = shutil.copytree(GOLDEN / "nsfw-image-detection", root / "safety_checker")
    with torch.device("meta"):
        autoencoder = Autoencoder(AutoencoderConfig.from_json(root / "vae" / "config.json"))
        classifier = ImageClassifier(ImageClassifierConfig.from_json(checker / "config.json"))
    shapes["vae"] = {name: list(tensor.shape) for name, tensor in autoencoder.state_dict().items()}
    for part, those in shapes.items():
        write_sparse(root / part / f"{STEMS[part]}.safetensors", those, "BF16")
    those = {name: list(tensor.shape) for name, tensor in classifier.state_dict().items()}
    write_sparse(checker / "model.safetensors", those, "F32")
    (root / "tokenizer").mkdir()
    (root / "tokenizer" / "tokenizer.json").write_text("{}")
    return root
