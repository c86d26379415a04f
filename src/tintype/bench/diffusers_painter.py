"""diffusers' ZImagePipeline, as a painter, on the same weights and the same noise."""

import importlib
import itertools
import json
import time
from typing import Any

import torch

from tintype.bench.turns import Engine, Painted, Wish
from tintype.engine import weights
from tintype.engine.devices import wait_for
from tintype.engine.pipeline import device_named


class Painter:
    """One ``ZImagePipeline``, eager or with its two networks of a step's and a picture's end compiled."""

    def __init__(self, engine: Engine) -> None:
        self.device, self.dtype = device_named(engine.device), getattr(torch, engine.dtype)
        self._pipeline = _load(engine, self.device, self.dtype)
        self._pipeline.set_progress_bar_config(disable=True)
        if engine.variant == "compiled":
            self._pipeline.transformer.compile()
            self._pipeline.vae.decoder.compile()

    def paint(self, wish: Wish) -> Painted:
        """The picture of ``wish``, each of its steps timed."""
        marks = [time.perf_counter()]

        def mark(_pipeline: Any, _step: int, _time: Any, _tensors: dict[str, Any]) -> dict[str, Any]:
            wait_for(self.device)
            marks.append(time.perf_counter())
            return {}

        picture = self._pipeline(
            wish.prompt,
            width=wish.width,
            height=wish.height,
            num_inference_steps=wish.steps,
            guidance_scale=0.0,
            generator=torch.Generator("cpu").manual_seed(wish.seed),  # the noise that Tintype draws
            output_type="np",
            callback_on_step_end=mark,
        ).images[0]
        marks.append(time.perf_counter())
        steps = tuple(after - before for before, after in itertools.pairwise(marks[1:-1]))
        return Painted(
            seconds=marks[-1] - marks[0],
            steps=steps,
            text=max(0.0, marks[1] - marks[0] - sorted(steps)[len(steps) // 2]) if steps else None,
            decode=marks[-1] - marks[-2],
            pixels=(picture * 255).round().astype("uint8").tobytes(),
        )


def _load(engine: Engine, device: torch.device, dtype: torch.dtype) -> Any:
    """As ``from_pretrained`` would make it, but without a second copy of the weights in memory."""
    diffusers, transformers = importlib.import_module("diffusers"), importlib.import_module("transformers")
    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
    folder = engine.model

    def network(name: str, part: str) -> Any:
        config = json.loads((folder / part / "config.json").read_text())
        return weights.load(lambda: getattr(diffusers, name).from_config(config), folder / part, dtype, device)

    return diffusers.ZImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler.from_pretrained(folder / "scheduler"),
        text_encoder=transformers.Qwen3Model.from_pretrained(folder / "text_encoder", dtype=dtype).to(device),
        tokenizer=transformers.Qwen2Tokenizer.from_pretrained(folder / "tokenizer"),
        transformer=network("ZImageTransformer2DModel", "transformer"),
        vae=network("AutoencoderKL", "vae"),
    )
