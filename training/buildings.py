"""How to draw what people build: each function draws one thing on a stamp in its main colour.

Every thing is about three units tall and stands on y = 0.
"""

from __future__ import annotations

from canvas import Stamp
from palette import RGB, darker, lighter

GLASS: RGB = (96, 132, 160)
WOOD: RGB = (96, 58, 36)
STONE: RGB = (150, 146, 142)


def house(s: Stamp, colour: RGB) -> None:
    s.shadow(1.6)
    roof = darker(colour, 0.55)
    s.box(0.65, 2.0, 0.98, 2.75, darker(STONE))
    s.box(-1.25, 0, 1.25, 1.5, colour)
    s.box(1.07, 0, 1.25, 1.5, darker(colour, 0.18))  # beside the window: shade that it cuts looks like a seam
    s.polygon([(-1.6, 1.4), (-0.95, 2.6), (0.95, 2.6), (1.6, 1.4)], roof)
    s.box(-0.28, 0, 0.28, 0.9, WOOD)
    for x in (-0.8, 0.8):
        s.box(x - 0.27, 0.5, x + 0.27, 1.1, lighter(colour, 0.7))
        s.lamp([(x - 0.2, 0.57), (x + 0.2, 0.57), (x + 0.2, 1.03), (x - 0.2, 1.03)], GLASS)


def castle(s: Stamp, colour: RGB) -> None:
    s.shadow(1.8)
    light, plain, dark = s.sides(colour)
    s.box(-1.1, 0, 1.1, 1.5, plain)
    for x in (-0.9, -0.45, 0.0, 0.45, 0.9):
        s.box(x - 0.13, 1.5, x + 0.13, 1.72, plain)
    for x in (-1.25, 1.25):
        s.box(x - 0.4, 0, x + 0.4, 2.1, light if x < 0 else dark)
        s.polygon([(x - 0.52, 2.1), (x + 0.52, 2.1), (x, 3.0)], (150, 50, 56))
        s.lamp([(x - 0.1, 1.3), (x + 0.1, 1.3), (x + 0.1, 1.7), (x - 0.1, 1.7)], (40, 40, 60))
    s.box(-0.35, 0, 0.35, 0.6, WOOD)
    s.disc(0, 0.6, 0.35, WOOD)


def lighthouse(s: Stamp, colour: RGB) -> None:
    s.shadow(0.9)
    if s.time == "night":
        beam = [s.place(0, 2.78), s.place(-6, 3.5), s.place(-6, 2.5)]
        s.canvas.polygon(beam, (255, 240, 170), 110)
    for low in range(5):
        wide, narrow = 0.62 - 0.065 * low, 0.62 - 0.065 * (low + 1)
        band = colour if low % 2 == 0 else (248, 244, 236)
        bottom, top = 0.5 * low, 0.5 * (low + 1)
        s.polygon([(-wide, bottom), (wide, bottom), (narrow, top), (-narrow, top)], band)
        s.polygon([(0.15, bottom), (wide, bottom), (narrow, top), (0.15, top)], darker(band, 0.2))
    s.box(-0.45, 2.5, 0.45, 2.6, (60, 60, 70))
    s.lamp([(-0.22, 2.6), (0.22, 2.6), (0.22, 2.98), (-0.22, 2.98)], (255, 236, 150))
    s.polygon([(-0.34, 2.98), (0.34, 2.98), (0, 3.3)], darker(colour, 0.3))


def windmill(s: Stamp, colour: RGB) -> None:
    s.shadow(1.0)
    s.polygon([(-0.8, 0), (0.8, 0), (0.5, 2.0), (-0.5, 2.0)], colour)
    s.polygon([(0.15, 0), (0.8, 0), (0.5, 2.0), (0.15, 2.0)], darker(colour, 0.2))
    s.polygon([(-0.6, 2.0), (0.6, 2.0), (0.3, 2.55), (-0.3, 2.55)], (110, 60, 50))
    s.box(-0.22, 0, 0.22, 0.65, WOOD)
    for dx, dy in ((1, 0.45), (-0.45, 1), (-1, -0.45), (0.45, -1)):
        tip = (1.5 * dx, 2.15 + 1.5 * dy)
        side = (-0.32 * dy, 0.32 * dx)
        s.leaf((0, 2.15), tip, 0.1, WOOD)
        s.polygon(
            [
                (0.3 * dx, 2.15 + 0.3 * dy),
                tip,
                (tip[0] + side[0], tip[1] + side[1]),
                (0.3 * dx + side[0], 2.15 + 0.3 * dy + side[1]),
            ],
            (244, 236, 214),
        )
    s.disc(0, 2.15, 0.13, (60, 44, 40))


def tent(s: Stamp, colour: RGB) -> None:
    s.shadow(1.7)
    s.polygon([(-1.6, 0), (1.6, 0), (0, 2.4)], colour)
    s.polygon([(0.2, 0), (1.6, 0), (0, 2.4)], darker(colour, 0.28))
    s.lamp([(-0.75, 0), (0.15, 0), (-0.1, 1.6)], darker(colour, 0.65))
    s.polygon([(-0.75, 0), (-1.0, 0), (-0.1, 1.6)], lighter(colour, 0.45))
