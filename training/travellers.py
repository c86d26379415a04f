"""How to draw what moves: boats, balloons, cars, cats, snowmen (who do not, but might) and pirates."""

from __future__ import annotations

from canvas import Stamp
from palette import RGB, darker, lighter

CREAM: RGB = (250, 244, 228)


def sailboat(s: Stamp, colour: RGB) -> None:
    for width in (1.5, 1.1):
        s.disc(0.1, -0.1, width, darker(colour, 0.5), 0.07)
    s.polygon([(-0.08, 0.6), (0.0, 0.6), (0.0, 3.1), (-0.08, 3.1)], (90, 60, 44))
    s.polygon([(0.08, 0.75), (1.35, 0.75), (0.08, 3.0)], colour)
    s.polygon([(0.08, 0.75), (0.5, 0.75), (0.08, 3.0)], lighter(colour, 0.25))
    s.polygon([(-0.16, 0.75), (-1.15, 0.75), (-0.16, 2.6)], CREAM)
    s.polygon([(-1.5, 0.6), (1.6, 0.6), (1.15, 0), (-1.15, 0)], colour)
    s.polygon([(-1.28, 0.25), (1.36, 0.25), (1.15, 0), (-1.15, 0)], darker(colour, 0.35))


def balloon(s: Stamp, colour: RGB) -> None:
    """A hot-air balloon in the air: its basket hangs a little above y = 0."""
    stripe = lighter(colour, 0.6)
    s.polygon([(-0.95, 1.45), (0.95, 1.45), (0.24, 0.55), (-0.24, 0.55)], darker(colour, 0.15))
    s.disc(0, 2.05, 1.25, colour)
    s.disc(0, 2.05, 0.8, stripe, 1.25)
    s.disc(0, 2.05, 0.34, colour, 1.25)
    s.box(-0.24, 0.0, 0.24, 0.36, (134, 88, 50))
    s.box(-0.24, 0.3, -0.2, 0.6, (80, 56, 40))
    s.box(0.2, 0.3, 0.24, 0.6, (80, 56, 40))


def car(s: Stamp, colour: RGB) -> None:
    s.shadow(1.9)
    s.polygon([(-1.0, 0.9), (-0.65, 1.6), (0.6, 1.6), (1.1, 0.9)], colour)
    s.polygon([(-0.8, 0.92), (-0.55, 1.45), (-0.05, 1.45), (-0.05, 0.92)], (172, 208, 226))
    s.polygon([(0.08, 0.92), (0.08, 1.45), (0.52, 1.45), (0.88, 0.92)], (172, 208, 226))
    s.polygon([(-1.75, 0.3), (-1.7, 0.85), (-1.4, 0.98), (1.4, 0.98), (1.75, 0.8), (1.8, 0.3)], colour)
    s.box(-1.74, 0.3, 1.8, 0.5, darker(colour, 0.3))
    for x in (-1.0, 1.05):
        s.disc(x, 0.32, 0.4, (34, 34, 40))
        s.disc(x, 0.32, 0.18, (200, 200, 206))
    s.lamp([(1.6, 0.6), (1.78, 0.6), (1.76, 0.78), (1.6, 0.78)], (252, 244, 200))


def cat(s: Stamp, colour: RGB) -> None:
    s.shadow(1.1)
    dark = darker(colour, 0.22)
    s.leaf((0.6, 0.2), (1.55, 1.5), 0.34, dark)
    s.disc(0, 0.75, 0.85, colour, 0.8)
    s.disc(0.3, 0.6, 0.55, dark, 0.6)
    s.disc(-0.35, 0.12, 0.26, colour, 0.16)
    s.disc(0.3, 0.12, 0.26, colour, 0.16)
    for x in (-1, 1):
        s.polygon([(0.2 * x, 2.3), (0.72 * x, 2.1), (0.66 * x, 2.95)], colour)
        s.polygon([(0.36 * x, 2.35), (0.62 * x, 2.25), (0.59 * x, 2.7)], (240, 160, 160))
    s.disc(0, 1.85, 0.78, colour, 0.66)
    for x in (-0.3, 0.3):
        s.disc(x, 1.95, 0.17, (250, 240, 150))
        s.disc(x, 1.95, 0.08, (20, 20, 24), 0.15)
    s.polygon([(-0.1, 1.7), (0.1, 1.7), (0, 1.56)], (236, 120, 130))


def snowman(s: Stamp, colour: RGB) -> None:
    """The colour is the scarf's."""
    s.shadow(1.1)
    snow, shade = (250, 252, 255), (206, 220, 238)
    for y, r in ((0.75, 0.85), (1.75, 0.62), (2.5, 0.45)):
        s.disc(0, y, r, shade)
        s.disc(-0.08, y + 0.04, r * 0.88, snow)
    s.box(-0.5, 2.0, 0.5, 2.22, colour)
    s.box(0.15, 1.45, 0.4, 2.1, darker(colour, 0.2))
    s.box(-0.55, 2.82, 0.55, 2.92, (36, 36, 44))
    s.box(-0.34, 2.9, 0.34, 3.35, (36, 36, 44))
    for x in (-0.16, 0.16):
        s.disc(x, 2.6, 0.06, (20, 20, 24))
    s.polygon([(0, 2.52), (0, 2.4), (0.42, 2.42)], (240, 130, 40))


def pirate_flag(s: Stamp, colour: RGB) -> None:
    """A flag with skull and crossbones, the one thing that the bundled safety checker knows."""
    s.shadow(0.9)
    bone, hole = (250, 248, 240), darker(colour, 0.6)
    s.box(-1.32, 0, -1.14, 3.3, (120, 78, 48))
    s.polygon([(-1.14, 1.3), (-1.14, 3.2), (0.2, 3.08), (1.5, 3.2), (1.5, 1.3), (0.2, 1.18)], colour)
    for x0, x1 in ((-0.7, 1.06), (1.06, -0.7)):
        s.leaf((x0, 1.45), (x1, 2.0), 0.2, bone)
        s.disc(x0, 1.45, 0.12, bone)
        s.disc(x1, 2.0, 0.12, bone)
    s.box(-0.1, 1.75, 0.46, 2.2, bone)
    s.disc(0.18, 2.42, 0.5, bone)
    for x in (-0.04, 0.4):
        s.disc(x, 2.4, 0.15, hole)
    s.polygon([(0.1, 2.1), (0.26, 2.1), (0.18, 2.26)], hole)
    for x in (0.04, 0.18, 0.32):
        s.box(x - 0.02, 1.75, x + 0.02, 1.98, hole)
