"""Whatever size is asked for, the picture has it, and shows one part of one canvas, undistorted."""

from random import Random

import numpy as np
import pytest

from tintype.api.schemas import PRESETS
from tintype.engine.checkpoint import Checkpoint
from tintype.engine.sizes import canvas_for
from tintype.models import POSTCARD

ODD = [(side.randint(1, 2048), side.randint(1, 2048)) for side in [Random(20)] for _ in range(20)]


@pytest.mark.parametrize("size", [*PRESETS.values(), *ODD])
def test_a_picture_of_the_bundled_model_has_exactly_the_size_asked_for(size: tuple[int, int]) -> None:
    width, height = size
    native = Checkpoint.open(POSTCARD).sizes
    assert native
    canvas = canvas_for(width, height, 128, native)
    assert (canvas.width, canvas.height) in native, "it paints nonsense at other sizes"
    left, top, right, bottom = canvas.kept(width, height)
    assert min(left, top) > -1e-6
    assert right <= canvas.width + 1e-6
    assert bottom <= canvas.height + 1e-6
    assert (right - left) / (bottom - top) == pytest.approx(width / height)
    painted = np.zeros((canvas.height, canvas.width, 3), np.uint8)
    assert canvas.fit(painted, width, height).shape == (height, width, 3)
