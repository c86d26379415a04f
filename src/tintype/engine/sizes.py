"""Any size asked for, from the sizes a checkpoint can make: which canvas to paint, and which part of it to keep."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

Pixels = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]
"""``[height, width, 3]``, uint8 RGB."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """What the networks paint for a wish of ``width`` x ``height``; sides in pixels."""

    width: int
    height: int
    scaled: bool
    """Whether the picture is resized to cover the wish, or only cropped to it."""

    def fit(self, pixels: Pixels, width: int, height: int) -> Pixels:
        """The middle of ``pixels``, as ``[height, width, 3]``; resized (Lanczos) only where the sides differ."""
        if self._scale(width, height) == 1.0:
            top, left = (self.height - height) // 2, (self.width - width) // 2
            return np.ascontiguousarray(pixels[top : top + height, left : left + width])
        box = self.kept(width, height)
        resized = Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS, box=box)
        return np.asarray(resized)

    def kept(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The part that a picture of ``width`` x ``height`` shows: left, top, right and bottom, in canvas pixels."""
        scale = self._scale(width, height)
        kept_width, kept_height = width / scale, height / scale
        left, top = (self.width - kept_width) / 2, (self.height - kept_height) / 2
        return left, top, left + kept_width, top + kept_height

    def _scale(self, width: int, height: int) -> float:
        return max(width / self.width, height / self.height) if self.scaled else 1.0


def canvas_for(width: int, height: int, multiple: int, native: tuple[tuple[int, int], ...] | None) -> Canvas:
    """The canvas for a picture of ``width`` x ``height`` pixels.

    Without ``native`` sizes: the next multiple of ``multiple``, cropped. With them: the one nearest in shape, then in
    area, resized and cropped, because such a checkpoint paints nonsense at sizes it was not trained on.
    """
    if native is None:
        return Canvas(_up(width, multiple), _up(height, multiple), scaled=False)

    def distance(size: tuple[int, int]) -> tuple[float, float]:
        shape = math.log(size[0] * height / (size[1] * width))
        area = math.log(size[0] * size[1] / (width * height))
        return round(abs(shape), 6), abs(area)

    nearest = min(native, key=distance)
    return Canvas(_up(nearest[0], multiple), _up(nearest[1], multiple), scaled=True)


def _up(side: int, multiple: int) -> int:
    return -(-side // multiple) * multiple
