"""How to draw what grows: each function draws one plant on a stamp in its main colour."""

from __future__ import annotations

import math

from canvas import Stamp
from palette import RGB, darker, lighter

BARK: RGB = (104, 66, 42)
LEAF: RGB = (58, 140, 70)


def tree(s: Stamp, colour: RGB) -> None:
    s.shadow(1.2)
    s.polygon([(-0.24, 0), (0.24, 0), (0.14, 1.4), (-0.14, 1.4)], BARK)
    for x, y, r, shade in ((0.0, 2.1, 0.98, 0.2), (0.55, 1.7, 0.72, 0.2), (-0.6, 1.75, 0.72, 0.0)):
        s.disc(x, y, r, darker(colour, shade))
    s.disc(-0.2, 2.25, 0.72, colour)
    s.disc(-0.42, 2.45, 0.36, lighter(colour, 0.22))


def pine(s: Stamp, colour: RGB) -> None:
    s.shadow(1.0)
    s.box(-0.16, 0, 0.16, 0.6, BARK)
    for bottom, wide in ((0.45, 1.15), (1.2, 0.92), (1.95, 0.66)):
        s.polygon([(-wide, bottom), (wide, bottom), (0, bottom + 1.2)], colour)
        s.polygon([(0, bottom), (wide, bottom), (0, bottom + 1.2)], darker(colour, 0.25))


def palm(s: Stamp, colour: RGB) -> None:
    s.shadow(0.9)
    lean = [(0.35 * math.sin(1.5 * t / 8), 2.3 * t / 8) for t in range(9)]
    left = [(x - 0.17 + 0.01 * i, y) for i, (x, y) in enumerate(lean)]
    right = [(x + 0.17 - 0.01 * i, y) for i, (x, y) in enumerate(lean)]
    s.polygon(left + right[::-1], (150, 104, 62))
    x, y = lean[-1]
    for dx, dy in ((-1.45, -0.35), (1.45, -0.35), (-1.25, 0.4), (1.25, 0.4), (-0.55, 0.95), (0.6, 0.95)):
        s.leaf((x, y), (x + dx, y + dy), 0.46, colour if dx < 0 else darker(colour, 0.2))
    s.disc(x - 0.14, y - 0.12, 0.14, BARK)
    s.disc(x + 0.16, y - 0.1, 0.14, BARK)


def cactus(s: Stamp, colour: RGB) -> None:
    s.shadow(0.9)
    dark = darker(colour, 0.25)

    def stem(x: float, bottom: float, top: float, half: float) -> None:
        s.box(x - half, bottom, x + half, top, colour)
        s.disc(x, top, half, colour)
        s.box(x + half * 0.3, bottom, x + half, top, dark)
        s.disc(x + half * 0.65, top, half * 0.35, dark)

    s.box(-1.21, 1.0, 0, 1.5, colour)
    stem(-0.95, 1.5, 2.0, 0.26)
    s.box(0, 0.7, 1.21, 1.2, colour)
    stem(0.95, 0.7, 1.75, 0.26)
    stem(0, 0, 2.6, 0.4)  # in front of its arms, so that its shaded side is one


def flower(s: Stamp, colour: RGB) -> None:
    s.shadow(0.5)
    s.box(-0.09, 0, 0.09, 1.9, LEAF)
    s.leaf((0, 0.3), (-0.9, 1.0), 0.4, LEAF)
    s.leaf((0, 0.2), (0.9, 0.9), 0.4, darker(LEAF, 0.2))
    for petal in range(8):
        angle = math.pi * petal / 4
        shade = colour if petal % 2 else darker(colour, 0.14)
        s.disc(0.62 * math.cos(angle), 2.15 + 0.62 * math.sin(angle), 0.4, shade)
    s.disc(0, 2.15, 0.4, (250, 196, 48) if colour[2] > 90 or colour[1] < 120 else (120, 70, 36))


def mushroom(s: Stamp, colour: RGB) -> None:
    s.shadow(1.0)
    s.polygon([(-0.42, 0), (0.42, 0), (0.3, 1.4), (-0.3, 1.4)], (246, 236, 216))
    s.polygon([(0.1, 0), (0.42, 0), (0.3, 1.4), (0.1, 1.4)], (214, 200, 180))
    dome = [(1.4 * math.cos(math.pi * t / 16), 1.3 + 1.25 * math.sin(math.pi * t / 16)) for t in range(17)]
    s.polygon(dome, colour)
    s.disc(0, 1.3, 1.4, darker(colour, 0.3), 0.16)
    for x, y, r in ((-0.7, 1.8, 0.2), (0.05, 2.15, 0.25), (0.75, 1.75, 0.18)):
        s.disc(x, y, r, (250, 246, 238))
