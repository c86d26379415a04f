from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from .references import write_tokenizer


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small vocabulary of the references, in the layout of a checkpoint's tokenizer folder."""
    folder = tmp_path_factory.mktemp("tokenizer")
    write_tokenizer(folder)
    return folder


@pytest.fixture
def without_gradients() -> Iterator[None]:
    """Inference as it is served."""
    with torch.inference_mode():
        yield


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """These networks are too small to share out; waiting for a second core would take most of the time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
