"""A file that was published torn, and is whole elsewhere."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.pull.hub import REVISION, Hub, source_of
from tintype.engine import damage
from tintype.engine.checkpoint import Checkpoint
from tintype.errors import SetupError
from tintype.published import Sound, Source
from tintype.pull import Progress, pull

ELSEWHERE = "others/whole"
SHARD = "text_encoder/model-00003-of-00003.safetensors"


@pytest.fixture
def torn(hub: Hub, tmp_path: Path) -> Source:
    """Published with a torn last shard of the text encoder, which another repository has whole."""
    whole = tmp_path / "whole"
    whole.mkdir()
    (hub.folder / SHARD).rename(whole / "last.safetensors")
    tensors = load_file(whole / "last.safetensors")
    save_file({name: torch.zeros_like(value) for name, value in tensors.items()}, hub.folder / SHARD)
    hub.folders[ELSEWHERE] = whole
    digest = hashlib.sha256((whole / "last.safetensors").read_bytes()).hexdigest()
    return replace(source_of(hub.folder), sound=(Sound(SHARD, ELSEWHERE, REVISION, "last.safetensors", digest),))


def holds(folder: Path, hub: Hub) -> str:
    """Which of the two shards a folder has."""
    content = (folder / SHARD).read_bytes()
    return "torn" if content == (hub.folder / SHARD).read_bytes() else "whole"


def can_write(folder: Path) -> bool:
    return damage.found(folder / "text_encoder", Checkpoint.open(folder).text_encoder(torch.float32, "cpu")) is None


def test_a_file_that_was_published_torn_is_fetched_from_where_it_is_whole(hub: Hub, torn: Source, folder: Path):
    assert pull(folder, torn, hub.endpoint)
    assert holds(folder, hub) == "whole"
    assert can_write(folder)
    assert SHARD not in {name for _, name, _ in hub.requests}
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {*torn.files(), "tintype.json"}
    hub.requests.clear()
    seen: list[Progress] = []
    assert not pull(folder, torn, hub.endpoint, seen.append)
    assert hub.requests == []
    assert [progress.done == progress.total for progress in seen if progress.file == SHARD] == [True], "read once"


def test_a_folder_that_was_pulled_torn_is_mended_by_one_file(hub: Hub, torn: Source, folder: Path):
    pull(folder, replace(torn, sound=()), hub.endpoint)
    assert holds(folder, hub) == "torn"
    assert not can_write(folder)
    before = Checkpoint.open(folder)
    hub.requests.clear()
    seen: list[Progress] = []
    assert pull(folder, torn, hub.endpoint, seen.append)
    assert {name for _, name, _ in hub.requests} == {"last.safetensors"}
    assert {progress.file for progress in seen if progress.phase != "checking"} == {SHARD}
    assert can_write(folder)
    after = Checkpoint.open(folder)
    assert (after.version, after.checksum) == (before.version, before.checksum), "it paints the same pictures"


def test_files_copied_by_hand_with_a_torn_one_are_a_model_that_paints(hub: Hub, torn: Source, folder: Path):
    for name in torn.files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((hub.folder / name).read_bytes())
    hub.cut_after = 0
    with pytest.raises(SetupError) as caught:
        pull(folder, torn, hub.endpoint)
    message = str(caught.value)
    assert f"Missing of tiny: {SHARD}; it paints without, but cannot expand prompts" in message
    assert f"last.safetensors of {ELSEWHERE} at revision {REVISION} to {folder / SHARD}" in message
    assert Checkpoint.open(folder).version == REVISION
    assert not can_write(folder)
    (folder / SHARD).write_bytes((hub.folders[ELSEWHERE] / "last.safetensors").read_bytes())
    assert not pull(folder, torn, hub.endpoint), "the whole one was copied by hand"
    assert can_write(folder)


def test_a_whole_file_that_comes_damaged_leaves_the_torn_one_in_its_place(hub: Hub, torn: Source, folder: Path):
    pull(folder, replace(torn, sound=()), hub.endpoint)
    (hub.folders[ELSEWHERE] / "last.safetensors").write_bytes(b"something else")
    with pytest.raises(SetupError, match=rf"{SHARD} came damaged from {ELSEWHERE}: its sha256 is"):
        pull(folder, torn, hub.endpoint)
    assert holds(folder, hub) == "torn"
    Checkpoint.open(folder).text_encoder(torch.float32, "cpu")
