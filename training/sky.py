"""The sky: its gradient, sun, moon, stars, clouds and rainbow.

Everything has one place, on the half-cell grid.
"""

from __future__ import annotations

import math

from canvas import Canvas
from palette import RGB, SKIES, mix
from scene import Scene

CLOUDS = ((-1.5, 0.5, 0.8), (3.0, 1.5, 1.0))  # cells from the middle, row, size
RAINBOW: tuple[RGB, ...] = (
    (222, 60, 56), (244, 140, 50), (250, 214, 70), (96, 180, 90), (70, 120, 210), (130, 80, 180),
)  # fmt: skip


def paint(canvas: Canvas, scene: Scene, horizon: int) -> None:
    canvas.gradient(0, horizon, SKIES[scene.time])
    if "stars" in scene.sky:
        stars(canvas, horizon)
    if "sun" in scene.sky:
        sun(canvas, scene.time, horizon, sun_column(canvas))
    if "moon" in scene.sky:
        moon(canvas, sun_column(canvas))
    if "rainbow" in scene.sky:
        rainbow(canvas, horizon)
    if scene.time == "overcast":
        overcast(canvas)
    elif "clouds" in scene.sky:
        for offset, row, size in CLOUDS:
            cloud(canvas, canvas.columns / 2 + offset, row, size, scene.time)


def sun_column(canvas: Canvas) -> float:
    """Left of the middle, where the sun and the moon are."""
    return canvas.columns / 2 - {5: 1.5, 6: 2.0}.get(canvas.columns, 2.5)


def sun(canvas: Canvas, time: str, horizon: int, x: float) -> None:
    """High and small by day; large and half set when low."""
    if time == "day":
        canvas.glow(x, 1.0, 1.3, (255, 250, 210), 0.5)
        canvas.ellipse(x, 1.0, 0.48, 0.48, (255, 236, 130))
        return
    y = horizon - 0.5
    canvas.glow(x, y, 2.4, (255, 214, 130), 0.55)
    canvas.ellipse(x, y, 0.85, 0.85, (255, 232, 150) if time == "dawn" else (255, 206, 84))


def moon(canvas: Canvas, x: float) -> None:
    canvas.glow(x, 1.0, 1.2, (200, 214, 250), 0.35)
    canvas.ellipse(x, 1.0, 0.46, 0.46, (246, 242, 222))
    for dx, dy, r in ((-0.15, -0.1, 0.12), (0.14, 0.12, 0.09), (0.12, -0.2, 0.06)):
        canvas.ellipse(x + dx, 1.0 + dy, r, r, (222, 216, 196))


def stars(canvas: Canvas, horizon: int) -> None:
    """A star sits at one of two points of a half cell, or is missing."""
    for row in range(2 * horizon - 1):
        for column in range(2 * canvas.columns):
            lot = (row * 7 + column * 5 + row * column * 3) % 13
            if lot > 4:
                continue
            x, y = column / 2 + (0.15 if lot % 2 else 0.35), row / 2 + (0.15 if lot < 3 else 0.35)
            r = 0.042 if lot == 0 else 0.03
            canvas.ellipse(x, y, r, r, (250, 248, 228))


def cloud(canvas: Canvas, x: float, y: float, size: float, time: str) -> None:
    colour = mix((255, 255, 255), SKIES[time][1], {"day": 0.05, "dawn": 0.25, "sunset": 0.55}.get(time, 0.6))
    shade = mix(colour, SKIES[time][1], 0.4)
    for dx, dy, rx, ry in ((-0.6, 0.05, 0.5, 0.3), (0.0, -0.15, 0.6, 0.45), (0.6, 0.05, 0.55, 0.32)):
        canvas.ellipse(x + dx * size, y + dy * size, rx * size, ry * size, colour)
    canvas.ellipse(x, y + 0.22 * size, 1.1 * size, 0.17 * size, shade)


def overcast(canvas: Canvas) -> None:
    """Layers of grey cloud across the whole sky."""
    for layer, (row, grey) in enumerate(((0.0, 128), (0.75, 146), (1.5, 166))):
        edge = [(x / 4, row + 0.5 + 0.22 * math.sin(2.1 * layer - x * 0.55)) for x in range(4 * canvas.columns + 1)]
        top = row - 0.75
        canvas.polygon([(0, top), (canvas.columns, top), *edge[::-1]], (grey, grey + 6, grey + 12), 130)


def rainbow(canvas: Canvas, horizon: int) -> None:
    x = canvas.columns / 2
    outer = min(x - 0.25, horizon - 0.25)
    for band, colour in enumerate(RAINBOW):
        arcs = [outer - 0.14 * band, outer - 0.14 * (band + 1)]
        there, back = (
            [(x + r * math.cos(math.pi * t / 32), horizon - r * math.sin(math.pi * t / 32)) for t in range(33)]
            for r in arcs
        )
        canvas.polygon(there + back[::-1], colour, 190)
