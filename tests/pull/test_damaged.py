"""A model that was complete once: another pull finds what is damaged and fetches that anew."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pull.hub import Hub
from tintype.errors import SetupError
from tintype.published import Source
from tintype.pull import pull

PLAIN = "vae/diffusion_pytorch_model-00002-of-00003.safetensors"
TRANSFORMER = [f"transformer/diffusion_pytorch_model-0000{i}-of-00003.safetensors" for i in (1, 2, 3)]
CONVERTED = TRANSFORMER[1]
Damage = Callable[[Path], object]


def one_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 100)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.fixture
def pulled(hub: Hub, source: Source, folder: Path) -> dict[str, bytes]:
    """What is in every file of a complete model."""
    pull(folder, source, hub.endpoint)
    hub.requests.clear()
    return {name: (folder / name).read_bytes() for name in [*source.files(), "tintype.json"]}


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        (PLAIN, one_bit),
        (PLAIN, Path.unlink),
        ("vae/config.json", one_bit),
        (CONVERTED, cut_short),
        (CONVERTED, emptied),
        (CONVERTED, Path.unlink),
    ],
)
def test_what_is_damaged_is_fetched_anew_and_nothing_else(
    hub: Hub, source: Source, folder: Path, pulled: dict[str, bytes], name: str, damage: Damage
) -> None:
    damage(folder / name)
    assert pull(folder, source, hub.endpoint)
    assert {fetched for _, fetched, _ in hub.requests} == {name}
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert files == pulled
    assert not pull(folder, source, hub.endpoint)


def test_a_file_that_was_not_converted_after_all_is_converted_without_the_hub(
    hub: Hub, source: Source, folder: Path, pulled: dict[str, bytes]
) -> None:
    (folder / CONVERTED).write_bytes((hub.folder / CONVERTED).read_bytes())
    assert pull(folder, source, hub.endpoint)
    assert (folder / CONVERTED).read_bytes() == pulled[CONVERTED]
    assert hub.requests == []


@pytest.mark.usefixtures("pulled")
def test_without_the_hub_the_error_names_what_is_damaged_and_does_not_say_that_it_paints(
    hub: Hub, source: Source, folder: Path
) -> None:
    hub.close()
    cut_short(folder / PLAIN)
    with pytest.raises(SetupError, match=rf"Missing of tiny: {PLAIN}\. Connect"):
        pull(folder, source, hub.endpoint)


@pytest.mark.skipif(sys.platform != "linux", reason="which file a descriptor is of is read from Linux's /proc")
def test_a_file_is_on_the_disk_before_anything_says_that_it_is_ready(
    hub: Hub, source: Source, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda handle: flushed.append(os.readlink(f"/proc/self/fd/{handle}")))
    pull(folder, source, hub.endpoint)
    notes = [i for i, path in enumerate(flushed) if path == f"{folder}/pull.json.new"]
    assert len(notes) == len(source.files())
    for name, note in zip(source.files(), notes, strict=True):
        last = f"{name}.converted" if name in TRANSFORMER else name
        assert f"{folder / last}" in flushed[:note]
        assert f"{(folder / name).parent}" in flushed[:note]
    assert flushed[-2:] == [f"{folder}/tintype.json.new", f"{folder}"]
