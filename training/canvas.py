"""The sheet a scene is drawn on: a Pillow image addressed in cells, anti-aliased by drawing large.

A cell is what one transformer token covers: 128 x 128 pixels of the full-size picture. x runs right and y
runs down, both in cells, so a drawing is the same at every resolution.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from palette import RGB, darker, lighter, lit

Point = tuple[float, float]
CELL = 128
SUPERSAMPLE = 2


class Canvas:
    """A picture of `columns` x `rows` cells, delivered at `cell` pixels per cell."""

    def __init__(self, columns: int, rows: int, cell: int) -> None:
        self.columns, self.rows = columns, rows
        self.pixels_per_cell = cell * SUPERSAMPLE
        self.image = Image.new("RGB", (columns * self.pixels_per_cell, rows * self.pixels_per_cell))
        self.pen = ImageDraw.Draw(self.image, "RGBA")

    def polygon(self, points: Sequence[Point], colour: RGB, alpha: int = 255) -> None:
        k = self.pixels_per_cell
        self.pen.polygon([(x * k, y * k) for x, y in points], fill=(*colour, alpha))

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: RGB, alpha: int = 255) -> None:
        k = self.pixels_per_cell
        self.pen.ellipse(((x - rx) * k, (y - ry) * k, (x + rx) * k, (y + ry) * k), fill=(*colour, alpha))

    def gradient(self, top: float, bottom: float, stops: Sequence[RGB]) -> None:
        """A vertical gradient through evenly spaced colours, over the full width."""
        k = self.pixels_per_cell
        first, last = round(top * k), round(bottom * k)
        at = np.linspace(0, len(stops) - 1, last - first)
        column = np.stack([np.interp(at, range(len(stops)), [s[c] for s in stops]) for c in range(3)], axis=1)
        strip = Image.fromarray(column.round().astype(np.uint8)[:, None, :], "RGB")
        self.image.paste(strip.resize((self.image.width, last - first)), (0, first))

    def glow(self, x: float, y: float, radius: float, colour: RGB, strength: float) -> None:
        """A soft light around a point: rings of low alpha, cheap and smooth enough."""
        for ring in range(8, 0, -1):
            r = radius * ring / 8
            self.ellipse(x, y, r, r, colour, round(255 * strength / 8))

    def finish(self) -> np.ndarray:
        """The picture as uint8 [height, width, 3]."""
        return np.asarray(self.image.reduce(SUPERSAMPLE))


class Stamp:
    """A place on the canvas to draw one thing in its own coordinates.

    The origin is the middle of the thing's foot, y runs *up*, one unit is one cell at scale 1. Colours are
    given as they are at noon; the stamp tints them for the time of day.
    """

    def __init__(self, canvas: Canvas, foot: Point, time: str, scale: float = 1.0) -> None:
        self.canvas, self.foot, self.time = canvas, foot, time
        self.scale = scale

    def place(self, x: float, y: float) -> Point:
        return self.foot[0] + self.scale * x, self.foot[1] - self.scale * y

    def polygon(self, points: Sequence[Point], colour: RGB) -> None:
        self.canvas.polygon([self.place(x, y) for x, y in points], lit(colour, self.time))

    def box(self, left: float, bottom: float, right: float, top: float, colour: RGB) -> None:
        self.polygon([(left, bottom), (right, bottom), (right, top), (left, top)], colour)

    def disc(self, x: float, y: float, rx: float, colour: RGB, ry: float | None = None) -> None:
        cx, cy = self.place(x, y)
        ry = rx if ry is None else ry
        self.canvas.ellipse(cx, cy, rx * self.scale, ry * self.scale, lit(colour, self.time))

    def leaf(self, start: Point, end: Point, width: float, colour: RGB) -> None:
        """A lens from `start` to `end`, `width` at its widest."""
        (x0, y0), (x1, y1) = start, end
        length = math.hypot(x1 - x0, y1 - y0)
        nx, ny = (y0 - y1) / length, (x1 - x0) / length
        spine = [(t / 10, math.sin(math.pi * t / 10) * width / 2) for t in range(11)]
        there = [(x0 + (x1 - x0) * t + nx * w, y0 + (y1 - y0) * t + ny * w) for t, w in spine]
        back = [(x0 + (x1 - x0) * t - nx * w, y0 + (y1 - y0) * t - ny * w) for t, w in reversed(spine)]
        self.polygon(there + back, colour)

    def lamp(self, points: Sequence[Point], by_day: RGB) -> None:
        """A window: a pane by day, warm light in the dark."""
        dark = self.time in ("night", "sunset")
        placed = [self.place(x, y) for x, y in points]
        self.canvas.polygon(placed, (255, 214, 112) if dark else lit(by_day, self.time))

    def shadow(self, width: float) -> None:
        """The thing's shadow on the ground, longer when the sun is low."""
        x, y = self.foot
        long = 1.5 if self.time in ("dawn", "sunset") else 1.0
        rx, ry = width * self.scale * long, 0.16 * self.scale
        self.canvas.ellipse(x + (long - 1) * width * self.scale, y, rx, ry, (16, 20, 50), 70)

    def sides(self, colour: RGB) -> tuple[RGB, RGB, RGB]:
        """A colour with its sunny and its shaded side: (light, plain, dark)."""
        return lighter(colour), colour, darker(colour)
