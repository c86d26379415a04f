"""A tiny checkpoint, the hub that has it, and where it is to go."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from tests.engine.tiny_checkpoint import write_checkpoint
from tests.pull.hub import Hub, source_of
from tintype.published import Source


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """What the hub has: a tiny checkpoint whose transformer is bf16 values stored as fp32."""
    folder = tmp_path / "published"
    write_checkpoint(folder)
    for shard in (folder / "transformer").glob("*.safetensors"):
        tensors = {name: value.bfloat16().float() for name, value in load_file(shard).items()}
        save_file(tensors, shard, metadata={"format": "pt"})
    return folder


@pytest.fixture
def source(published: Path) -> Source:
    return source_of(published)


@pytest.fixture
def hub(published: Path) -> Iterator[Hub]:
    hub = Hub(published)
    yield hub
    hub.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "models" / "tiny"
