"""Where the drawings that Postcard learns from put things."""

import pytest

from landscape import offsets_of
from latents import SHAPES
from scene import Scene


@pytest.mark.parametrize(("columns", "rows"), list(SHAPES))
@pytest.mark.parametrize(
    "scene", [Scene(kind="house", count=n, place=p) for n in (1, 2, 3) for p in ("left", "centre")]
)
def test_things_stand_on_the_grid_of_the_latents(columns: int, rows: int, scene: Scene) -> None:
    places = [columns / 2 + offset for offset in offsets_of(scene, columns)]
    assert len(places) == scene.count
    assert all(2 * place == round(2 * place) for place in places), f"{places} of {columns} x {rows} cells"
    assert 0 < places[0] <= places[-1] < columns
