"""From a scene to its picture: sky, backdrop, ground and the things on it, back to front."""

from __future__ import annotations

import numpy as np

import buildings
import ground
import plants
import sky
import travellers
from canvas import Canvas, Stamp
from palette import COLOURS, SOILS
from scene import Scene

PAINTERS = {
    "house": buildings.house,
    "castle": buildings.castle,
    "lighthouse": buildings.lighthouse,
    "windmill": buildings.windmill,
    "tent": buildings.tent,
    "tree": plants.tree,
    "pine": plants.pine,
    "palm": plants.palm,
    "cactus": plants.cactus,
    "flower": plants.flower,
    "mushroom": plants.mushroom,
    "sailboat": travellers.sailboat,
    "balloon": travellers.balloon,
    "car": travellers.car,
    "cat": travellers.cat,
    "snowman": travellers.snowman,
    "pirate flag": travellers.pirate_flag,
}

# Foliage greens are darker than the paint-box green.
FOLIAGE = {"tree": (66, 150, 62), "pine": (30, 104, 76), "palm": (62, 160, 82), "cactus": (64, 140, 82)}


def horizon_of(rows: int) -> int:
    """The row edge on which the sky ends, for a picture `rows` cells high."""
    return round(rows * 0.64)


def paint(scene: Scene, columns: int, rows: int, cell: int) -> np.ndarray:
    """The picture as uint8 [rows*cell, columns*cell, 3]."""
    canvas = Canvas(columns, rows, cell)
    horizon = horizon_of(rows)
    sky.paint(canvas, scene, horizon)
    ground.paint_backdrop(canvas, scene, horizon)
    ground.paint(canvas, scene, horizon)
    if scene.kind is not None:
        paint_things(canvas, scene, horizon)
    return canvas.finish()


def paint_things(canvas: Canvas, scene: Scene, horizon: int) -> None:
    """The scene's things, at places and scales snapped to half cells."""
    assert scene.kind is not None
    middle = canvas.columns / 2
    scale, depth = (1.0, 1.0) if scene.size == "big" else (0.5, 0.5)
    if scene.count > 1:
        scale = 0.6 if canvas.columns > 5 else 0.45
    for offset in offsets_of(scene, canvas.columns):
        foot = (middle + offset, foot_height(scene, horizon, depth))
        stamp = Stamp(canvas, foot, scene.time, scale)
        settle(stamp, scene)
        PAINTERS[scene.kind](stamp, body_colour(scene))


def offsets_of(scene: Scene, columns: int) -> list[float]:
    """How far right of the middle each of the scene's things stands, in cells: by halves, like everything."""
    if scene.count == 1:
        reach = {5: 1.0, 6: 1.5}.get(columns, 2.0)
        return [{"left": -reach, "centre": 0.0, "right": reach}[scene.place]]
    if scene.count == 2:
        apart = 1.0 if columns == 5 else 1.5
        return [-apart, apart]
    apart = {5: 1.5, 6: 2.0}.get(columns, 2.5)
    return [-apart, 0.0, apart]


def foot_height(scene: Scene, horizon: int, depth: float) -> float:
    """The row on which a thing stands: in the foreground, afloat, or in the air."""
    if scene.kind == "balloon":
        return max(horizon - 0.5, 3.5) if scene.size == "big" else horizon - 0.5
    if scene.kind == "sailboat" and scene.ground == "beach":
        return horizon + 0.5
    return horizon + depth


def settle(stamp: Stamp, scene: Scene) -> None:
    """Give a land thing at sea an island, and a boat ashore a pond."""
    if scene.kind == "balloon":
        return
    if scene.ground == "sea" and scene.kind != "sailboat":
        stamp.disc(0, -0.06, 2.1, SOILS["beach"][1], 0.34)
        stamp.disc(0, 0.02, 1.8, (120, 170, 84), 0.2)
    if scene.kind == "sailboat" and scene.ground not in ("sea", "beach"):
        stamp.disc(0, -0.05, 2.3, (150, 200, 210), 0.42)
        stamp.disc(0, -0.05, 2.15, (70, 150, 190), 0.36)


def body_colour(scene: Scene) -> tuple[int, int, int]:
    if scene.colour == "green" and scene.kind in FOLIAGE:
        return FOLIAGE[scene.kind]
    return COLOURS[scene.colour]
