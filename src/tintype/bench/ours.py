"""Tintype's own engine, as a painter: loaded and driven as the engine child does it."""

import itertools
import time
from typing import Any

import torch

from tintype import images
from tintype.bench.turns import Engine, Painted, Wish
from tintype.engine.devices import wait_for
from tintype.engine.pipeline import Picture, Pipeline, Step, device_named, plan_for
from tintype.engine.plan import USUAL_PIXELS


class Painter:
    """One pipeline."""

    def __init__(self, engine: Engine) -> None:
        self.device = device_named(engine.device)
        dtype = getattr(torch, engine.dtype) if engine.dtype else None
        pixels = max(USUAL_PIXELS, engine.max_pixels)
        self._plan = plan_for(
            engine.model, self.device, memory=engine.memory, max_pixels=pixels, checks=False, dtype=dtype
        )
        how: dict[str, Any] = {"plan": self._plan} if engine.passes is None else {"passes": {"none": engine.passes}}
        self._pipeline = Pipeline.load(engine.model, self.device, dtype, **how)
        self.dtype = self._pipeline.dtype
        self._options: dict[str, Any] = {"acceleration": engine.acceleration}

    def paint(self, wish: Wish) -> Painted:
        """The picture of ``wish``, each of its parts timed."""
        options: dict[str, Any] = self._options | {"steps": wish.steps, "seed": wish.seed}
        marks = [time.perf_counter()]
        picture: Picture | None = None
        for event in self._pipeline.paint(wish.prompt, wish.width, wish.height, **options):
            wait_for(self.device)
            if isinstance(event, Step | Picture):
                marks.append(time.perf_counter())
            picture = event if isinstance(event, Picture) else None
        assert picture is not None, "paint() ends with a picture"
        pixels = picture.pixels.tobytes()
        encoding = time.perf_counter()
        images.encode(pixels, wish.width, wish.height, "png")
        encoded = time.perf_counter()
        self._pipeline.read(wish.other_prompt)
        wait_for(self.device)
        return Painted(
            seconds=marks[-1] - marks[0],
            steps=tuple(after - before for before, after in itertools.pairwise(marks[1:-1])),
            text=time.perf_counter() - encoded,
            decode=marks[-1] - marks[-2],
            encode=encoded - encoding,
            pixels=pixels,
            forecast=self._plan.peak(wish.width * wish.height),
        )
