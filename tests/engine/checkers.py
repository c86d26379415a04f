"""Postcard with another safety checker, or with none."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from tintype.model.config import ImageClassifierConfig
from tintype.model.image_classifier import ImageClassifier
from tintype.models import POSTCARD
from tintype.published import SAFETY_FOLDER

CONFIG = {
    "model_type": "vit", "hidden_act": "gelu", "id2label": {"0": "normal", "1": "nsfw"}, "image_size": 32,
    "patch_size": 16, "num_channels": 3, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1,
    "num_attention_heads": 1, "layer_norm_eps": 1e-6, "qkv_bias": True,
}  # fmt: skip
PREPROCESSOR = {
    "size": {"height": 32, "width": 32}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "resample": 2,
    "rescale_factor": 1 / 255,
}  # fmt: skip


def without_checker(folder: Path) -> Path:
    """Postcard's parts, but for its safety checker."""
    folder.mkdir(parents=True)
    for part in POSTCARD.iterdir():
        if part.name != SAFETY_FOLDER:
            (folder / part.name).symlink_to(part)
    return folder


def that_flags_all(folder: Path) -> Path:
    """Postcard with a checker that finds something everywhere."""
    checker = without_checker(folder) / SAFETY_FOLDER
    checker.mkdir()
    (checker / "config.json").write_text(json.dumps(CONFIG))
    (checker / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    network = ImageClassifier(ImageClassifierConfig.from_json(checker / "config.json"))
    torch.nn.init.zeros_(network.classifier.weight)
    network.classifier.bias.data = torch.tensor([0.0, 1.0])
    save_file(network.state_dict(), checker / "model.safetensors")
    return folder
