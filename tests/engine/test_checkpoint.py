import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tintype.engine import checkpoint as module
from tintype.engine.checkpoint import Checkpoint, fingerprint
from tintype.errors import SetupError

from .tiny_checkpoint import write_checkpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_checkpoint(tmp_path / "tiny")
    return tmp_path / "tiny"


def edit(file: Path, **fields: object) -> None:
    values = json.loads(file.read_text()) if file.is_file() else {}
    file.write_text(json.dumps(values | fields))


def test_a_folder_without_tintype_json_is_named_after_itself(folder: Path):
    checkpoint = Checkpoint.open(folder)
    assert checkpoint.name == "tiny"
    assert checkpoint.version == checkpoint.checksum == fingerprint(folder)
    assert len(checkpoint.checksum) == 16
    assert int(checkpoint.checksum, 16) > 0
    assert checkpoint.sizes is None
    assert checkpoint.shift == 3.0
    assert checkpoint.preview is None


def test_tintype_json_says_name_version_checksum_and_sizes(folder: Path):
    edit(folder / "tintype.json", name="postcard", version="2", checksum="ab12", sizes=[[256, 256], [320, 192]])
    checkpoint = Checkpoint.open(folder)
    assert (checkpoint.name, checkpoint.version, checkpoint.checksum) == ("postcard", "2", "ab12")
    assert checkpoint.sizes == ((256, 256), (320, 192))


def test_tintype_json_says_how_to_preview(folder: Path):
    edit(folder / "tintype.json", preview={"factors": [[0, 0, 0.5]] * 4, "bias": [0, 0, 1]})
    preview = Checkpoint.open(folder).preview
    assert preview is not None
    assert preview.factors.tolist() == [[0, 0, 0.5]] * 4
    assert preview.bias.tolist() == [0, 0, 1]


def test_the_checksum_does_not_depend_on_where_the_folder_lies_or_on_what_is_said_about_it(folder: Path):
    before = fingerprint(folder)
    edit(folder / "tintype.json", name="renamed", preview={"factors": [[0, 0, 0]] * 4, "bias": [0, 0, 0]})
    assert fingerprint(folder.rename(folder.parent / "elsewhere")) == before


@pytest.mark.parametrize("change", ["configuration", "one weight", "file name"])
def test_the_checksum_changes_with_the_model(folder: Path, change: str):
    before = fingerprint(folder)
    if change == "configuration":
        edit(folder / "scheduler" / "scheduler_config.json", shift=6.0)
    else:
        shard = folder / "vae" / "diffusion_pytorch_model-00001-of-00003.safetensors"
        tensors = load_file(shard)
        next(iter(tensors.values())).view(-1)[0] += 1
        save_file(tensors, shard)
    if change == "file name":
        for shard in list((folder / "vae").glob("*.safetensors")):
            shard.rename(shard.with_name(shard.name.replace("of-00003", "of-3")))
        index = folder / "vae" / "diffusion_pytorch_model.safetensors.index.json"
        index.write_text(index.read_text().replace("of-00003", "of-3"))
    assert fingerprint(folder) != before


def test_large_weights_are_told_apart_by_their_headers(folder: Path, tmp_path: Path):
    file = folder / "vae" / "diffusion_pytorch_model.safetensors"
    file.with_name(f"{file.name}.index.json").unlink()
    save_file({"a": torch.zeros(module.HASHED_WHOLE // 4)}, file)
    before = fingerprint(folder)
    with file.open("r+b") as stream:
        stream.seek(-4, 2)
        stream.write(b"\x01\x02\x03\x04")
    assert fingerprint(folder) == before
    save_file({"b": torch.zeros(module.HASHED_WHOLE // 4)}, file)
    assert fingerprint(folder) != before


@pytest.mark.parametrize("name", module.SMALL_FILES)
def test_a_missing_file_is_named_with_what_to_do(folder: Path, name: str):
    (folder / name).unlink()
    with pytest.raises(SetupError, match=rf"{name}: not found.*tintype pull"):
        Checkpoint.open(folder)


@pytest.mark.parametrize(
    ("file", "fields", "message"),
    [
        ("scheduler/scheduler_config.json", {"use_dynamic_shifting": True}, "use_dynamic_shifting is true"),
        ("transformer/config.json", {"qk_norm": False}, "qk_norm is False; only True"),
        ("transformer/config.json", {"cap_feat_dim": 64}, "not of one model"),
        ("transformer/config.json", {"in_channels": 8}, "not of one model"),
        ("text_encoder/config.json", {"model_type": "llama"}, "model_type is 'llama'"),
        ("vae/config.json", {"use_quant_conv": True}, "use_quant_conv"),
        ("tintype.json", {"sizes": [256, 256]}, "list of .width, height."),
        ("tintype.json", {"fp32_in_decoder": ["up_blocks.9.resnets.0"]}, r"names from up_blocks\.0\.resnets\.0 to "),
        ("tintype.json", {"preview": {"factors": [[0, 0, 0]], "bias": [0, 0, 0]}}, r"tintype\.json: preview: factors"),
    ],
)
def test_what_is_not_implemented_is_refused_by_name(folder: Path, file: str, fields: dict[str, object], message: str):
    edit(folder / file, **fields)
    with pytest.raises(SetupError, match=message):
        Checkpoint.open(folder)


def test_a_file_that_is_not_json_is_refused(folder: Path):
    (folder / "vae" / "config.json").write_text("<html>")
    with pytest.raises(SetupError, match=r"vae/config\.json.*not valid JSON"):
        Checkpoint.open(folder)
