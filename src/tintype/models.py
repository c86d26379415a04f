"""From the word after ``--model`` to a folder on this machine. Looks at files only; loads nothing."""

import platform
from dataclasses import dataclass
from pathlib import Path

from tintype.errors import SetupError

POSTCARD = Path(__file__).parent / "assets" / "postcard"
"""The bundled model."""
Z_IMAGE_TURBO = "z-image-turbo"
DEVICE_FILES = ("nvidia[0-9]*", "kfd", "dxg")
"""What the drivers of CUDA, of ROCm and of WSL put into ``/dev``; the last two have one file for all GPUs."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model, where it is, and why this one."""

    folder: Path
    reason: str


def choose(model: str, home: Path) -> ModelChoice:
    """The folder of ``model``: ``auto``, ``postcard``, ``z-image-turbo`` or a path.

    Raises:
        SetupError: there is no such model here.
    """
    pulled = home / "models" / Z_IMAGE_TURBO
    if model == "auto":
        return _automatic(pulled)
    if model == "postcard":
        return ModelChoice(POSTCARD, "the bundled model, as asked")
    if model == Z_IMAGE_TURBO:
        if not (pulled / "tintype.json").is_file():
            raise SetupError(
                f"{Z_IMAGE_TURBO} is not on this machine ({pulled}). Fetch it: tintype pull {Z_IMAGE_TURBO}"
            )
        return ModelChoice(pulled, "as asked")
    folder = Path(model).expanduser()
    if not folder.is_dir():
        raise SetupError(
            f"--model {model}: no such folder; allowed are postcard, {Z_IMAGE_TURBO} or a checkpoint's folder"
        )
    return ModelChoice(folder, "the folder asked for")


def _automatic(pulled: Path) -> ModelChoice:
    if not has_gpu():
        return ModelChoice(POSTCARD, "the bundled model, because this machine has no GPU")
    if not (pulled / "tintype.json").is_file():
        reason = (
            f"the bundled model, because {Z_IMAGE_TURBO} is not on this machine; fetch it: tintype pull {Z_IMAGE_TURBO}"
        )
        return ModelChoice(POSTCARD, reason)
    return ModelChoice(pulled, "the real checkpoint, because it and a GPU are here")


def has_gpu() -> bool:
    """Whether a GPU that torch can use is likely to be here, told without loading torch."""
    return bool(device_files()) or (platform.system(), platform.machine()) == ("Darwin", "arm64")


def device_files(folder: Path = Path("/dev")) -> list[Path]:
    """The files of :data:`DEVICE_FILES` that are in ``folder``."""
    return [file for pattern in DEVICE_FILES for file in folder.glob(pattern)]
