"""``tintype pull`` against a small hub: whole, interrupted, damaged, without a network."""

import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.pull.hub import REVISION, Hub, source_of
from tintype.engine.checkpoint import Checkpoint
from tintype.errors import SetupError
from tintype.published import Z_IMAGE_TURBO, Source
from tintype.pull import Progress, pull


def transformer_files(folder: Path) -> dict[str, torch.Tensor]:
    tensors: dict[str, torch.Tensor] = {}
    for file in (folder / "transformer").glob("*.safetensors"):
        tensors |= load_file(file)
    return tensors


def test_a_pulled_checkpoint_is_complete_converted_and_opens(hub: Hub, source: Source, folder: Path):
    assert pull(folder, source, hub.endpoint)
    checkpoint = Checkpoint.open(folder)
    assert (checkpoint.name, checkpoint.version) == ("tiny", REVISION)
    assert checkpoint.checksum == source.checksum()
    here, there = transformer_files(folder), transformer_files(hub.folder)
    assert {value.dtype for value in here.values()} == {torch.bfloat16}
    assert {value.dtype for value in there.values()} == {torch.float32}
    assert set(here) == set(there)
    assert all(torch.equal(here[name].float(), there[name]) for name in here)
    checkpoint.transformer(torch.bfloat16, "cpu")
    checkpoint.text_encoder(torch.float32, "cpu")
    checkpoint.autoencoder(torch.float32, "cpu")
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {*source.files(), "tintype.json"}


def test_every_phase_of_every_file_is_reported_up_to_its_last_byte(hub: Hub, source: Source, folder: Path):
    seen: list[Progress] = []
    pull(folder, source, hub.endpoint, seen.append)
    last = {(progress.file, progress.phase): progress for progress in seen}
    assert {file for file, phase in last if phase == "downloading"} == set(source.files())
    assert {file for file, phase in last if phase == "checking"} == set(source.files())
    shards = {name for name in source.files() if name.startswith("transformer/") and name.endswith(".safetensors")}
    assert {file for file, phase in last if phase == "converting"} == shards
    assert all(progress.done == progress.total > 0 for progress in last.values())
    assert [progress.index for progress in seen] == sorted(progress.index for progress in seen)
    assert {progress.count for progress in seen} == {len(source.files())}


def test_a_second_pull_asks_the_hub_for_nothing(hub: Hub, source: Source, folder: Path):
    pull(folder, source, hub.endpoint)
    hub.requests.clear()
    assert not pull(folder, source, hub.endpoint)
    assert hub.requests == []


def test_an_interrupted_download_goes_on_where_it_stopped(hub: Hub, folder: Path):
    cut, written_every = "tokenizer/vocabulary.bin", 10 * 2**20
    (hub.folder / cut).write_bytes(bytes(range(256)) * (12 * 2**12))
    source = source_of(hub.folder)
    hub.cut_after = 11 * 2**20
    with pytest.raises(SetupError, match="could not fetch"):
        pull(folder, source, hub.endpoint)
    stopped = (folder / f"{cut}.partial").stat().st_size
    assert stopped == written_every
    assert not (folder / "tintype.json").exists()
    complete = {name for name in source.files() if (folder / name).is_file()}
    assert complete

    hub.cut_after = None
    hub.requests.clear()
    assert pull(folder, source, hub.endpoint)
    assert ("GET", cut, f"bytes={stopped}-") in hub.requests
    assert not complete & {name for _, name, _ in hub.requests}
    assert (folder / cut).read_bytes() == (hub.folder / cut).read_bytes()


def test_a_pull_stopped_while_converting_does_not_fetch_converted_files_again(hub: Hub, source: Source, folder: Path):
    class Stop(Exception):
        pass

    def stop_at_the_second(progress: Progress) -> None:
        if progress.phase == "converting" and "00002" in progress.file:
            raise Stop

    with pytest.raises(Stop):
        pull(folder, source, hub.endpoint, stop_at_the_second)
    hub.requests.clear()
    pull(folder, source, hub.endpoint)
    fetched = {name for _, name, _ in hub.requests}
    assert "transformer/diffusion_pytorch_model-00001-of-00003.safetensors" not in fetched
    assert "transformer/diffusion_pytorch_model-00002-of-00003.safetensors" not in fetched
    assert "transformer/diffusion_pytorch_model-00003-of-00003.safetensors" in fetched
    assert {value.dtype for value in transformer_files(folder).values()} == {torch.bfloat16}


def test_a_damaged_file_is_refused_by_name_and_deleted(hub: Hub, source: Source, folder: Path):
    damaged = "vae/diffusion_pytorch_model-00002-of-00003.safetensors"
    content = bytearray((hub.folder / damaged).read_bytes())
    content[-1] ^= 1
    (hub.folder / damaged).write_bytes(content)
    with pytest.raises(SetupError, match=rf"{damaged} came damaged from someone/tiny: its md5 is .* pull' again"):
        pull(folder, source, hub.endpoint)
    assert not (folder / damaged).exists()
    assert not (folder / "tintype.json").exists()

    content[-1] ^= 1
    (hub.folder / damaged).write_bytes(content)
    assert pull(folder, source, hub.endpoint)


def test_without_the_hub_the_error_names_what_is_missing_and_what_to_do(hub: Hub, source: Source, folder: Path):
    hub.close()
    here = "vae/config.json"
    (folder / "vae").mkdir(parents=True)
    (folder / here).write_bytes((hub.folder / here).read_bytes())
    with pytest.raises(SetupError) as caught:
        pull(folder, source, hub.endpoint)
    message = str(caught.value)
    assert "could not fetch http://127.0.0.1" in message
    assert "vae/diffusion_pytorch_model-00001-of-00003.safetensors" in message
    assert "Connect this machine to the network and run 'tintype pull' again" in message
    assert str(folder) in message


def test_files_copied_by_hand_need_no_hub(hub: Hub, source: Source, folder: Path):
    hub.close()
    for name in source.files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((hub.folder / name).read_bytes())
    assert pull(folder, source, hub.endpoint)
    assert hub.requests == []
    assert Checkpoint.open(folder).version == REVISION


def test_a_file_that_is_not_on_the_hub_is_named(hub: Hub, source: Source, folder: Path):
    (hub.folder / "vae" / "config.json").unlink()
    with pytest.raises(SetupError, match=r"could not fetch .*/vae/config\.json"):
        pull(folder, source, hub.endpoint)


def test_the_real_checkpoint_is_pinned_to_the_files_that_our_networks_need():
    files = Z_IMAGE_TURBO.files()
    golden = Path(__file__).parents[1] / "golden" / "z-image-turbo"
    for config in golden.rglob("*config.json"):
        name = str(config.relative_to(golden))
        assert files[name] == hashlib.md5(config.read_bytes()).hexdigest()
    assert "tokenizer/tokenizer.json" in files
    assert sum(name.endswith(".safetensors") for name in files) == 7
    assert len(Z_IMAGE_TURBO.revision) == 40
    assert len(Z_IMAGE_TURBO.checksum()) == 16
