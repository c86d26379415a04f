"""The vision transformer and what comes before it, against transformers."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import ViTConfig, ViTForImageClassification
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from tintype.engine.safety import Checker, Preprocessor
from tintype.engine.sizes import Pixels
from tintype.errors import SetupError
from tintype.model.config import ImageClassifierConfig
from tintype.model.image_classifier import ImageClassifier

from .references import EXACT_ENOUGH, VISIBLE, difference, noise

pytestmark = pytest.mark.usefixtures("without_gradients")

PUBLISHED = Path(__file__).parent.parent / "golden" / "nsfw-image-detection"
SIZES = [(224, 224), (1024, 768), (768, 1024), (30, 20), (1, 1), (2048, 1), (333, 777)]
"""Widths and heights."""


def reference(**fields: object) -> ViTForImageClassification:
    """A small one with random weights: no norm, bias or position at its first value."""
    torch.manual_seed(3)
    labels = {0: "normal", 1: "nsfw"}
    sizes = {"hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 80}
    config = ViTConfig(image_size=56, patch_size=8, id2label=labels, **(sizes | fields))
    network = ViTForImageClassification(config).eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    return network


def saved(network: ViTForImageClassification, folder: Path) -> Path:
    """The folder that transformers writes, its preprocessor included."""
    network.save_pretrained(folder)
    side = network.config.image_size
    ViTImageProcessorPil(size={"height": side, "width": side}).save_pretrained(folder)
    return folder


def ours(folder: Path) -> ImageClassifier:
    network = ImageClassifier(ImageClassifierConfig.from_json(folder / "config.json"))
    network.load_state_dict(load_file(folder / "model.safetensors"))
    return network


@cache
def picture(width: int, height: int) -> Pixels:
    """Random, with structure of all sizes."""
    rng = np.random.default_rng(width * 10_007 + height)
    rows = np.sin(np.arange(height) / 5)[:, None, None] + np.cos(np.arange(width) / 9)[None, :, None]
    return ((rows / 4 + 0.5) * 155 + rng.integers(0, 100, (height, width, 3))).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "fields", [{}, {"qkv_bias": False}, {"layer_norm_eps": 0.1}, {"num_attention_heads": 1}], ids=str
)
def test_logits_equal_those_of_transformers(tmp_path: Path, fields: dict[str, object]):
    network = reference(**fields)
    pixels = noise(2, 3, 56, 56)
    assert difference(ours(saved(network, tmp_path))(pixels), network(pixels).logits) < EXACT_ENOUGH


def test_logits_depend_on_every_tensor(tmp_path: Path):
    network = ours(saved(reference(), tmp_path))
    pixels = noise(1, 3, 56, 56)
    before = network(pixels)
    for name, weight in network.named_parameters():
        kept = weight.clone()
        weight.mul_(-1)
        changed = difference(network(pixels), before)
        weight.copy_(kept)
        assert changed > VISIBLE or name.endswith("key.bias"), name  # a softmax does not see what all scores share


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_picture_is_prepared_as_by_transformers(width: int, height: int):
    processor = ViTImageProcessorPil.from_pretrained(PUBLISHED)
    theirs = processor(picture(width, height), return_tensors="pt", input_data_format="channels_last")["pixel_values"]
    prepared = Preprocessor.from_json(PUBLISHED / "preprocessor_config.json")(picture(width, height))
    assert prepared.shape == (1, 3, 224, 224)
    assert torch.allclose(prepared, theirs, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_verdict_is_that_of_transformers(tmp_path: Path, width: int, height: int):
    network = reference()
    checker = Checker.load(saved(network, tmp_path), "cpu")
    processor = ViTImageProcessorPil.from_pretrained(tmp_path)
    theirs = processor(picture(width, height), return_tensors="pt", input_data_format="channels_last")["pixel_values"]
    share = network(theirs).logits.softmax(-1)[0, 1].item()
    assert checker.share(picture(width, height)) == pytest.approx(share, abs=1e-5)
    assert checker.flags(picture(width, height)) is (share > 0.5)


def test_the_label_is_found_by_its_name(tmp_path: Path):
    network = reference()
    network.config.id2label = {0: "nsfw", 1: "normal"}
    checker = Checker.load(saved(network, tmp_path), "cpu")
    network.config.id2label = {0: "normal", 1: "nsfw"}
    other = Checker.load(saved(network, tmp_path), "cpu")
    assert checker.share(picture(30, 20)) + other.share(picture(30, 20)) == pytest.approx(1.0)


def test_a_checker_out_of_its_mind_lets_nothing_pass(tmp_path: Path):
    network = reference()
    network.classifier.bias.fill_(torch.nan)
    assert Checker.load(saved(network, tmp_path), "cpu").flags(picture(30, 20))


def test_the_published_checker_has_the_tensors_of_our_network():
    """Its file is 343,223,968 bytes: the weights in fp32, and a header of these very names and shapes."""
    config = ImageClassifierConfig.from_json(PUBLISHED / "config.json")
    with torch.device("meta"):
        network: nn.Module = ImageClassifier(config)
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, weight in sorted(network.state_dict().items()):
        start, end = end, end + 4 * weight.numel()
        header[name] = {"dtype": "F32", "shape": list(weight.shape), "data_offsets": [start, end]}
    text = len(json.dumps(header, separators=(",", ":")))
    assert 8 + -(-text // 8) * 8 + end == 343_223_968


@pytest.mark.parametrize(
    ("file", "fields", "message"),
    [
        ("config.json", {"id2label": {"0": "normal", "1": "hotdog"}}, "has no 'nsfw', only normal, hotdog"),
        ("config.json", {"id2label": {"0": "normal", "2": "nsfw"}}, "expected 0, 1"),
        ("config.json", {"hidden_act": "relu"}, "only 'gelu' is implemented"),
        ("config.json", {"model_type": "swin"}, "only 'vit' is implemented"),
        ("config.json", {"num_hidden_layers": 2}, "left over, unknown to ImageClassifier"),
        ("preprocessor_config.json", {"size": {"height": 64, "width": 64}}, "makes 64x64, the network takes 56x56"),
        ("preprocessor_config.json", {"size": 56}, "not the preprocessor of a ViT"),
        ("preprocessor_config.json", {"resample": 0}, "only resizing"),
        ("preprocessor_config.json", {"do_normalize": False}, "only resizing"),
        ("preprocessor_config.json", {"rescale_factor": 1}, "only resizing"),
        ("preprocessor_config.json", {"image_mean": [0.5]}, "not the preprocessor of a ViT"),
    ],
)
def test_what_is_no_such_checker_is_refused(tmp_path: Path, file: str, fields: dict[str, object], message: str):
    saved(reference(), tmp_path)
    values = json.loads((tmp_path / file).read_text())
    (tmp_path / file).write_text(json.dumps(values | fields))
    with pytest.raises(SetupError, match=rf"(?s)The safety checker cannot be used: .*({message}).*tintype pull"):
        Checker.load(tmp_path, "cpu")


def test_a_file_that_is_missing_is_named(tmp_path: Path):
    saved(reference(), tmp_path)
    (tmp_path / "preprocessor_config.json").unlink()
    with pytest.raises(SetupError, match=r"preprocessor_config\.json"):
        Checker.load(tmp_path, "cpu")
