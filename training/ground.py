"""What lies below the sky: the backdrop on the horizon and the ground in front of it."""

from __future__ import annotations

import math

from canvas import Canvas, Point
from palette import RGB, SKIES, SOILS, darker, lighter, lit, mix
from scene import Scene
from sky import sun_column

# Cells from the middle, height and half width of each peak.
RANGE = ((-3.0, 1.5, 2.0), (2.5, 2.0, 2.5), (0.0, 1.0, 1.5))


def wave(canvas: Canvas, y: float, height: float, length: float, phase: float) -> list[Point]:
    """A sine line across the picture, `length` cells from crest to crest, fixed to the picture's middle."""
    middle = canvas.columns / 2
    xs = [i / 4 for i in range(4 * canvas.columns + 1)]
    return [(x, y - height * math.sin(2 * math.pi * ((x - middle) / length + phase))) for x in xs]


def fill_below(canvas: Canvas, line: list[Point], colour: RGB, bottom: float, alpha: int = 255) -> None:
    canvas.polygon([*line, (canvas.columns, bottom), (0, bottom)], colour, alpha)


def paint_backdrop(canvas: Canvas, scene: Scene, horizon: int) -> None:
    haze = SKIES[scene.time][2]
    if scene.backdrop.endswith("mountains"):
        mountains(canvas, scene, horizon)
    elif scene.backdrop == "hills":
        green = SOILS[scene.ground][1] if scene.ground != "sea" else (96, 140, 96)
        far, near = mix(lit(darker(green), scene.time), haze, 0.45), mix(lit(green, scene.time), haze, 0.2)
        fill_below(canvas, wave(canvas, horizon - 0.45, 0.4, 6, 0.25), far, horizon)
        fill_below(canvas, wave(canvas, horizon - 0.1, 0.25, 5, 0), near, horizon)
    elif scene.backdrop == "forest":
        colour = mix(lit((44, 96, 70), scene.time), haze, 0.2)
        for i in range(4 * canvas.columns + 1):
            x, tall = i / 4, 0.65 + 0.2 * (i * 5 % 3)
            canvas.polygon([(x - 0.22, horizon), (x + 0.22, horizon), (x, horizon - tall)], colour)
    elif scene.backdrop == "island":
        x = canvas.columns / 2 - 1.5
        colour = mix(lit((84, 124, 84), scene.time), haze, 0.3)
        canvas.ellipse(x, horizon, 1.5, 0.55, colour)
        canvas.ellipse(x + 0.7, horizon, 0.9, 0.85, darker(colour, 0.15))


def mountains(canvas: Canvas, scene: Scene, horizon: int) -> None:
    stone: RGB = (196, 120, 84) if scene.ground == "desert" else (112, 120, 150)
    sunny = mix(lit(stone, scene.time), SKIES[scene.time][2], 0.25)
    shaded, snow = darker(sunny, 0.3), lit((250, 252, 255), scene.time)
    middle = canvas.columns / 2
    for offset, height, half in RANGE:
        x, top = middle + offset, horizon - height
        canvas.polygon([(x - half, horizon), (x + half, horizon), (x, top)], sunny)
        canvas.polygon([(x, top), (x + half, horizon), (x + 0.25 * half, horizon)], shaded)
        if scene.backdrop == "snowy mountains":
            run, drop = half * 0.4, height * 0.4
            cap = [(x, top), (x + run, top + drop), (x + run * 0.4, top + drop * 0.75), (x, top + drop * 1.1)]
            canvas.polygon([*cap, (x - run * 0.4, top + drop * 0.75), (x - run, top + drop)], snow)
            canvas.polygon(cap, darker(snow, 0.15))


def paint(canvas: Canvas, scene: Scene, horizon: int) -> None:
    if scene.ground in ("sea", "beach"):
        sea(canvas, scene, horizon, canvas.rows, sun_column(canvas))
        if scene.ground == "beach":
            beach(canvas, scene, horizon)
        return
    far, near = (lit(colour, scene.time) for colour in SOILS[scene.ground])
    canvas.gradient(horizon, canvas.rows, (far, near))
    {"grass": grass, "desert": dunes, "snow": drifts, "soil": furrows}[scene.ground](canvas, scene.time, horizon)


def sea(canvas: Canvas, scene: Scene, horizon: int, bottom: float, sun_x: float) -> None:
    """Water takes the colour of the sky, and a low sun or a moon lays a path of light on it."""
    far, near = (
        mix(lit(c, scene.time), SKIES[scene.time][2], k) for c, k in zip(SOILS["sea"], (0.45, 0.08), strict=True)
    )
    canvas.gradient(horizon, bottom, (far, near))
    crest = mix(lighter(near, 0.3), SKIES[scene.time][2], 0.3)
    for row in range(2 * (canvas.rows - horizon)):
        for column in range(canvas.columns + 1):
            x = canvas.columns / 2 - 4 + column + (0.5 if row % 2 else 0.0)
            canvas.ellipse(x + 0.25, horizon + row / 2 + 0.3, 0.3, 0.022, crest, 150)
    bright = "moon" in scene.sky or ("sun" in scene.sky and scene.time != "day")
    if not bright:
        return
    gold = (255, 214, 120) if "sun" in scene.sky else (226, 232, 250)
    for row in range(4 * (canvas.rows - horizon)):
        width = 0.75 - 0.1 * (row % 3) - 0.02 * row
        canvas.ellipse(sun_x, horizon + row / 4 + 0.1, max(width, 0.2), 0.05, gold, 190)


def beach(canvas: Canvas, scene: Scene, horizon: int) -> None:
    far, near = (lit(colour, scene.time) for colour in SOILS["beach"])
    foam = lit((250, 252, 250), scene.time)
    for lift, colour in ((0.12, foam), (0.0, mix(near, far, 0.2))):
        line = wave(canvas, horizon + 0.75 - lift, 0.08, 4, 0)
        fill_below(canvas, line, colour, canvas.rows)
    fill_below(canvas, wave(canvas, horizon + 1.6, 0.12, 6, 0), far, canvas.rows, 160)


def grass(canvas: Canvas, time: str, horizon: int) -> None:
    for depth, amount in ((0.5, 0.10), (1.25, 0.18), (2.25, 0.26)):
        line = wave(canvas, horizon + depth, 0.12, 7, depth)
        fill_below(canvas, line, darker(lit(SOILS["grass"][1], time), amount), canvas.rows, 150)
    blade = darker(lit(SOILS["grass"][1], time), 0.45)
    for row in range(1, canvas.rows - horizon):
        for column in range(0, canvas.columns, 2):
            x, y = column + 0.5 + (row % 2), horizon + row + 0.5
            for lean in (-0.1, 0.0, 0.1):
                canvas.polygon([(x + lean / 2 - 0.03, y), (x + lean / 2 + 0.03, y), (x + lean, y - 0.2)], blade)


def dunes(canvas: Canvas, time: str, horizon: int) -> None:
    for depth, amount in ((0.25, 0.06), (0.9, 0.12), (1.9, 0.18)):
        line = wave(canvas, horizon + depth, 0.2, 6, depth * 1.3)
        fill_below(canvas, line, darker(lit((226, 150, 80), time), amount), canvas.rows, 120)


def drifts(canvas: Canvas, time: str, horizon: int) -> None:
    for depth, amount in ((0.35, 0.03), (1.0, 0.06), (2.0, 0.09)):
        line = wave(canvas, horizon + depth, 0.14, 8, depth)
        fill_below(canvas, line, mix(lit((226, 236, 248), time), (120, 150, 210), amount * 3), canvas.rows, 140)


def furrows(canvas: Canvas, time: str, horizon: int) -> None:
    """Ploughed rows running to a vanishing point on the horizon."""
    dark, middle = darker(lit(SOILS["soil"][1], time), 0.3), canvas.columns / 2
    for i in range(-12, 13):
        x = middle + 2 * i
        canvas.polygon([(middle + i * 0.35, horizon), (x - 0.35, canvas.rows), (x + 0.35, canvas.rows)], dark, 150)
