"""vLLM-Omni, as a painter: the same weights, noise of its own."""

import importlib
import time
from typing import Any

import torch

from tintype.bench.turns import Engine, Painted, Wish
from tintype.engine.pipeline import device_named


class Painter:
    """One ``Omni``. Its memory lies in processes of its own and is not counted."""

    def __init__(self, engine: Engine) -> None:
        self.device, self.dtype = device_named(engine.device), torch.bfloat16
        self._parameters: Any = importlib.import_module("vllm_omni.inputs.data").OmniDiffusionSamplingParams
        self._omni: Any = importlib.import_module("vllm_omni.entrypoints.omni").Omni(model=str(engine.model))

    def paint(self, wish: Wish) -> Painted:
        """The picture of ``wish``."""
        options = {"width": wish.width, "height": wish.height, "num_inference_steps": wish.steps}
        parameters = self._parameters(**options, guidance_scale=0.0, seed=wish.seed)
        started = time.perf_counter()
        self._omni.generate(wish.prompt, parameters)
        return Painted(seconds=time.perf_counter() - started)
