"""The published Z-Image-Turbo, without its weights: our networks have exactly its tensors."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL
from torch import nn

from tintype.model.autoencoder import Autoencoder
from tintype.model.config import AutoencoderConfig, TextEncoderConfig, TransformerConfig
from tintype.model.text_encoder import TextEncoder
from tintype.model.transformer import Transformer

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "z-image-turbo"
REAL = ROOT.parent / "shared" / "z-image"
PARAMETERS = {"transformer": 6_154_908_736, "text_encoder": 4_022_468_096, "vae": 83_819_683}
INDEXES = {
    "transformer": "diffusion_pytorch_model.safetensors.index.json",
    "text_encoder": "model.safetensors.index.json",
}


def on_meta(part: str) -> nn.Module:
    """The network in its real size, without memory."""
    file = GOLDEN / part / "config.json"
    with torch.device("meta"):
        if part == "transformer":
            return Transformer(TransformerConfig.from_json(file))
        if part == "text_encoder":
            return TextEncoder(TextEncoderConfig.from_json(file))
        return Autoencoder(AutoencoderConfig.from_json(file))


@pytest.mark.parametrize(("part", "count"), [("transformer", 521), ("text_encoder", 398)])
def test_our_tensors_are_those_of_the_published_checkpoint(part: str, count: int):
    golden = json.loads((GOLDEN / "tensors.json").read_text())[part]
    assert {name: list(value.shape) for name, value in on_meta(part).state_dict().items()} == golden
    assert len(golden) == count


def test_our_autoencoder_has_the_tensors_of_diffusers_under_the_published_configuration():
    with torch.device("meta"):
        reference = AutoencoderKL.from_config(json.loads((GOLDEN / "vae" / "config.json").read_text()))
    ours = {name: value.shape for name, value in on_meta("vae").state_dict().items()}
    assert ours == {name: value.shape for name, value in reference.state_dict().items()}


@pytest.mark.parametrize("part", PARAMETERS)
def test_the_number_of_parameters_is_the_published_one(part: str):
    assert sum(parameter.numel() for parameter in on_meta(part).parameters()) == PARAMETERS[part]


@pytest.mark.parametrize(
    "name",
    [
        "transformer/config.json",
        "text_encoder/config.json",
        "vae/config.json",
        "scheduler/scheduler_config.json",
    ],
)
def test_the_golden_configurations_are_the_published_ones_byte_for_byte(name: str):
    manifest = (ROOT / "src" / "tintype" / "assets" / "z-image-turbo.md5").read_text()
    assert f"{hashlib.md5((GOLDEN / name).read_bytes()).hexdigest()}  {name}\n" in manifest


@pytest.mark.parametrize("part", INDEXES)
def test_the_golden_names_are_those_of_the_checkpoint_beside_this_repository(part: str):
    index = REAL / part / INDEXES[part]
    if not index.is_file():
        pytest.skip(f"the index files of Z-Image-Turbo are not at {REAL}; they are not part of this repository")
    published = json.loads(index.read_text())["weight_map"]
    assert set(published) == set(json.loads((GOLDEN / "tensors.json").read_text())[part])
    assert (REAL / part / "config.json").read_bytes() == (GOLDEN / part / "config.json").read_bytes()
