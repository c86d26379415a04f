"""The safety checker: whether a finished picture shows what is not to be shown.

A folder ``safety_checker`` in the layout of ``Falconsai/nsfw_image_detection``, which fal's own toolkit uses too: a
vision transformer, and how a picture is brought into the form that it was trained on. docs/decisions/0018 says more.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from tintype.engine import weights
from tintype.engine.sizes import Pixels
from tintype.errors import InputRefused, SetupError
from tintype.model.config import ImageClassifierConfig
from tintype.model.image_classifier import ImageClassifier
from tintype.published import SAFETY_FOLDER

LABEL = "nsfw"
THRESHOLD = 0.5
"""A picture is flagged if the label's share of the softmax is larger."""
_RESAMPLINGS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)
_MEND = f"Fetch it anew with 'tintype pull', take the folder {SAFETY_FOLDER} away, or set TINTYPE_SAFETY_CHECKER=off."


@dataclass(frozen=True, slots=True)
class Preprocessor:
    """How a picture of any size becomes what the network takes; fields are those of ``preprocessor_config.json``."""

    width: int
    height: int
    resample: Image.Resampling
    mean: Tensor
    """``[3, 1, 1]``, of colours in 0..1."""
    std: Tensor

    @classmethod
    def from_json(cls, path: Path) -> Self:
        """Raises :class:`ValueError`: it is unreadable, or asks for something not implemented."""
        try:
            values: dict[str, Any] = json.loads(path.read_text())
            size, means, stds = values["size"], values["image_mean"], values["image_std"]
            read = cls(
                width=int(size["width"]),
                height=int(size["height"]),
                resample=Image.Resampling(values["resample"]),
                mean=torch.tensor(means, dtype=torch.float32).view(3, 1, 1),
                std=torch.tensor(stds, dtype=torch.float32).view(3, 1, 1),
            )
        except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ValueError(f"{path}: not the preprocessor of a ViT ({type(error).__name__}: {error})") from error
        steps = [values.get(step, True) for step in ("do_resize", "do_rescale", "do_normalize")]
        is_plain = all(steps) and abs(values.get("rescale_factor", 1 / 255) * 255 - 1) < 1e-6
        if not is_plain or read.resample not in _RESAMPLINGS:
            raise ValueError(f"{path}: only resizing (2 or 3), rescaling by 1/255 and normalising are implemented")
        return read

    def __call__(self, pixels: Pixels) -> Tensor:
        """``[height, width, 3]`` uint8 -> ``[1, 3, S, S]`` fp32; the shape is squeezed, not cropped."""
        resized = np.array(Image.fromarray(pixels).resize((self.width, self.height), self.resample))
        colours = torch.tensor(resized).permute(2, 0, 1).float() / 255
        return ((colours - self.mean) / self.std)[None]


@dataclass(frozen=True, slots=True)
class Checker:
    """The network, in fp32 on the pipeline's device, and how it is asked."""

    network: ImageClassifier
    preprocess: Preprocessor
    label: int
    """Which output means :data:`LABEL`."""
    device: torch.device

    @classmethod
    def load(cls, folder: Path, device: torch.device | str) -> Self:
        """Read the checker in ``folder``.

        Raises:
            SetupError: it is damaged, of another architecture, or has no label ``nsfw``.
        """
        try:
            config = ImageClassifierConfig.from_json(folder / "config.json")
            if LABEL not in config.labels:
                names = ", ".join(config.labels)
                raise ValueError(f"{folder / 'config.json'}: id2label has no {LABEL!r}, only {names}")
            preprocess = Preprocessor.from_json(folder / "preprocessor_config.json")
            if {preprocess.width, preprocess.height} != {config.image_size}:
                raise ValueError(
                    f"{folder}: the preprocessor makes {preprocess.width}x{preprocess.height}, the network takes "
                    f"{config.image_size}x{config.image_size}"
                )
            # Its verdicts are to be the reference's, and it is small: fp32 whatever the pipeline runs in.
            network = weights.load(lambda: ImageClassifier(config), folder, torch.float32, device)
        except (OSError, ValueError) as error:
            raise SetupError(f"The safety checker cannot be used: {error}. {_MEND}") from error
        return cls(network, preprocess, config.labels.index(LABEL), torch.device(device))

    @torch.inference_mode()
    def share(self, pixels: Pixels) -> float:
        """How sure it is that ``pixels [height, width, 3]`` show it, 0..1."""
        scores = self.network(self.preprocess(pixels).to(self.device))
        return scores.softmax(-1)[0, self.label].item()

    def flags(self, pixels: Pixels) -> bool:
        """Whether ``pixels [height, width, 3]`` are not to be shown."""
        return not self.share(pixels) <= THRESHOLD  # flagged as well if it is not a number


def missing() -> InputRefused:
    """The answer to a request that asks for the check where there is no checker."""
    text = (
        "The served model has no safety checker, so the picture cannot be checked. Send enable_safety_checker: false "
        "to have it unchecked; or who runs the server adds a checker with 'tintype pull', or turns the check off for "
        "all requests with TINTYPE_SAFETY_CHECKER=off"
    )
    return InputRefused(
        [{"type": "safety_checker_missing", "loc": ["body", "enable_safety_checker"], "msg": text, "input": True}]
    )


def is_here(model: Path) -> bool:
    """Whether the model folder has a checker; one that was not fetched whole is none."""
    return (model / SAFETY_FOLDER / "model.safetensors").is_file()


def black(pixels: Pixels) -> Pixels:
    """What is shown instead: nothing, of the same size."""
    return np.zeros_like(pixels)
