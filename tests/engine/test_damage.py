import hashlib
from pathlib import Path

import pytest
import torch

from tintype.engine import damage
from tintype.engine.checkpoint import Checkpoint
from tintype.model.text_encoder import TextEncoder
from tintype.models import POSTCARD
from tintype.published import Z_IMAGE_TURBO

from .tiny_checkpoint import write_checkpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_checkpoint(tmp_path / "tiny")
    return tmp_path / "tiny"


def encoder(folder: Path) -> TextEncoder:
    return Checkpoint.open(folder).text_encoder(torch.float32, "cpu")


def test_sound_weights_are_sound(folder: Path):
    assert damage.found(folder / "text_encoder", encoder(folder)) is None
    assert damage.found(POSTCARD / "text_encoder", encoder(POSTCARD)) is None


@pytest.mark.parametrize("matrix", ["mlp.up_proj", "mlp.down_proj", "self_attn.q_proj"])
def test_a_run_of_zeros_in_the_last_layer_is_damage(folder: Path, matrix: str):
    network = encoder(folder)
    weight = network.model.layers[-1].get_submodule(matrix).weight
    weight.view(-1)[weight.numel() // 4 : -weight.shape[1] * 3 // 2] = 0  # begins and ends within rows
    found = damage.found(folder / "text_encoder", network)
    assert found is not None
    assert f"model.layers.1.{matrix}.weight" in found
    assert "tintype pull" in found


def test_zeros_here_and_there_are_none(folder: Path):
    network = encoder(folder)
    network.model.layers[-1].mlp.up_proj.weight[::2] = 0
    network.model.layers[-1].mlp.down_proj.weight[: damage.ROWS - 1] = 0
    network.model.layers[0].mlp.up_proj.weight[:] = 0  # another layer is not what this test is for
    assert damage.found(folder / "text_encoder", network) is None


def test_a_file_that_is_known_to_be_damaged_is_told_by_its_checksum(folder: Path):
    file = folder / "text_encoder" / "model-00003-of-00003.safetensors"
    known = damage.DamagedFile(file.name, file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest())
    found = damage.found(file.parent, encoder(folder), known)
    assert found is not None
    assert f"text_encoder/{file.name}" in found
    assert str(folder) not in found
    assert "tintype pull" in found
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert damage.found(file.parent, encoder(folder), known) is None


def test_what_is_known_is_what_pull_exchanges():
    [sound] = Z_IMAGE_TURBO.sound
    assert sound.path == f"text_encoder/{damage.KNOWN.name}"
    assert sound.path in Z_IMAGE_TURBO.files()
    assert sound.sha256 != damage.KNOWN.sha256
