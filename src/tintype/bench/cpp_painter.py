"""stable-diffusion.cpp through its Python package, as a painter: the same weights, noise of its own.

It knows the real model's size only, and takes each network as one file: they are joined into a folder beside the model.
"""

import importlib
import itertools
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from tintype.bench.turns import Engine, Painted, Wish
from tintype.engine import weights
from tintype.engine.pipeline import device_named
from tintype.errors import SetupError


class Painter:
    """One ``StableDiffusion``."""

    def __init__(self, engine: Engine) -> None:
        self.device, self.dtype = device_named(engine.device), torch.bfloat16
        package: Any = importlib.import_module("stable_diffusion_cpp")
        self._model: Any = package.StableDiffusion(
            diffusion_model_path=str(_one_file(engine.model, "transformer")),
            llm_path=str(_one_file(engine.model, "text_encoder")),
            vae_path=str(_one_file(engine.model, "vae")),
            wtype=engine.variant or "default",
            n_threads=engine.threads or torch.get_num_threads(),
            vae_decode_only=True,
            diffusion_flash_attn=True,
            verbose=False,
        )
        if not self._model.model:  # the package itself would go on with a null pointer
            raise SetupError(f"it cannot load {engine.model}: is that of the real model's size, the only one it knows?")

    def paint(self, wish: Wish) -> Painted:
        """The picture of ``wish``; guidance is off, as the model wants it."""
        marks = [time.perf_counter()]

        def mark(_step: int, _steps: int, _seconds: float) -> None:  # called before the first step and after each
            marks.append(time.perf_counter())

        self._model.generate_image(
            prompt=wish.prompt,
            width=wish.width,
            height=wish.height,
            sample_method="euler",
            sample_steps=wish.steps,
            cfg_scale=1.0,
            flow_shift=3.0,
            seed=wish.seed,
            progress_callback=mark,
        )
        marks.append(time.perf_counter())
        return Painted(
            seconds=marks[-1] - marks[0],
            steps=tuple(after - before for before, after in itertools.pairwise(marks[2:-1])),
            text=marks[1] - marks[0],
            decode=marks[-1] - marks[-2],
        )


def _one_file(model: Path, part: str) -> Path:
    """The weights of ``part`` in a single file with its names: the model's own, else one that is made once."""
    files = weights.files(model / part)
    stacks = _stacks(name for file in files for name in weights.header(file))
    if len(files) == 1 and not stacks:
        return files[0]
    joined = model.with_name(f"{model.name}-joined") / f"{part}.safetensors"
    if not joined.is_file():
        joined.parent.mkdir(exist_ok=True)
        new = joined.with_suffix(".new")
        weights.join_bf16(files, new, stacks=stacks)
        new.replace(joined)
    return joined


def _stacks(names: Iterable[str]) -> dict[str, list[str]]:
    """An attention's three input layers are one to it: the new names, and the names of their parts."""
    found = {name.replace(".to_q.", ".qkv.") for name in names if ".attention.to_q." in name}
    return {name: [name.replace(".qkv.", f".to_{one}.") for one in "qkv"] for name in sorted(found)}
