"""SGLang's diffusion runtime, as a painter: the same weights, noise of its own."""

import importlib
import time
from typing import Any

import torch

from tintype.bench.turns import Engine, Painted, Wish
from tintype.engine.pipeline import device_named


class Painter:
    """One ``DiffGenerator`` on one device. Its memory lies in processes of its own and is not counted."""

    def __init__(self, engine: Engine) -> None:
        self.device, self.dtype = device_named(engine.device), torch.bfloat16
        package: Any = importlib.import_module("sglang.multimodal_gen")
        self._generator: Any = package.DiffGenerator.from_pretrained(model_path=str(engine.model), num_gpus=1)

    def paint(self, wish: Wish) -> Painted:
        """The picture of ``wish``; it is not written to a file."""
        started = time.perf_counter()
        self._generator.generate(
            sampling_params_kwargs={
                "prompt": wish.prompt,
                "width": wish.width,
                "height": wish.height,
                "num_inference_steps": wish.steps,
                "guidance_scale": 0.0,
                "seed": wish.seed,
                "return_frames": True,
                "save_output": False,
            }
        )
        return Painted(seconds=time.perf_counter() - started)
