"""A known picture of the bundled model: does this device paint what it should?

``assets/postcard/golden.png`` is the picture and ``golden.json`` says how it was made. Bytes are the same wherever the
same arithmetic runs: the same torch on the same kind of processor. Elsewhere sums are rounded in another order, and
the picture is the same to the eye.
"""

import json
import math
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tintype.engine.pipeline import Picture, Pipeline
from tintype.engine.sizes import Pixels
from tintype.errors import SetupError

WISH = {"prompt": "a red sailboat on a calm sea at sunset", "width": 512, "height": 512, "steps": 8, "seed": 7}
ALIKE_DB = 30.0
"""At least this PSNR makes a picture the same to the eye; fp32 on other processors reaches more than 60."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the known picture on one device."""

    device: str
    good: bool
    text: str


def check(folder: Path, device: torch.device) -> Verdict:
    """Paint the known picture twice on ``device`` and compare: with itself, and with the one that was shipped."""
    if not (folder / "golden.json").is_file():
        raise SetupError(f"{folder / 'golden.png'} is missing: it was not made for this checkpoint, or is damaged")
    if device.type == "cuda":
        torch.compiler.reset()  # PyTorch keeps eight programs of a function; a machine may have more GPUs
    pipeline = Pipeline.load(folder, device)
    first, second = paint(pipeline), paint(pipeline)
    if len(np.unique(first)) < 16:
        return Verdict(str(device), False, "blank picture (or not a number somewhere on the way)")
    if not np.array_equal(first, second):
        return Verdict(str(device), False, "two runs of one seed differ")
    golden = np.asarray(Image.open(folder / "golden.png"))
    about = json.loads((folder / "golden.json").read_text())
    if np.array_equal(first, golden):
        return Verdict(str(device), True, "equal to the shipped picture, byte for byte")
    ratio = psnr(first, golden)
    if about["arithmetic"] == arithmetic(pipeline):
        return Verdict(
            str(device), False, f"differs from the shipped picture ({ratio:.1f} dB) with the same arithmetic"
        )
    good = ratio >= ALIKE_DB
    return Verdict(str(device), good, f"{ratio:.1f} dB from the shipped picture, made with other arithmetic")


def write(folder: Path) -> None:
    """Make the known picture anew from the checkpoint in ``folder``; for those who train it."""
    pipeline = Pipeline.load(folder, "cpu")
    Image.fromarray(paint(pipeline)).save(folder / "golden.png", optimize=True)
    about = {**WISH, "checksum": pipeline.checkpoint.checksum, "arithmetic": arithmetic(pipeline)}
    (folder / "golden.json").write_text(json.dumps(about, indent=2) + "\n")


def paint(pipeline: Pipeline) -> Pixels:
    """The known picture, by ``pipeline``."""
    wish: dict[str, Any] = dict(WISH)
    for event in pipeline.paint(wish.pop("prompt"), wish.pop("width"), wish.pop("height"), **wish):
        if isinstance(event, Picture):
            return event.pixels
    raise AssertionError("paint() ends with a picture")


def arithmetic(pipeline: Pipeline) -> dict[str, str]:
    """What decides in which order sums are rounded."""
    return {
        "torch": torch.__version__.split("+")[0],
        "dtype": str(pipeline.dtype).removeprefix("torch."),
        "device": torch.cuda.get_device_name(pipeline.device) if pipeline.device.type == "cuda" else _processor(),
        "threads": str(torch.get_num_threads()) if pipeline.device.type == "cpu" else "",
    }


def _processor() -> str:
    """Maker and vector width: what a mathematics library chooses its kernels by."""
    maker = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("vendor_id")
        ]
        maker = names[0] if names else maker
    return f"{maker} {torch.backends.cpu.get_cpu_capability()}"


def psnr(a: Pixels, b: Pixels) -> float:
    """Peak signal-to-noise ratio of two pictures, in dB; infinite for equal ones."""
    error = float(np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2))
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)
