"""The bundled model paints every native size as one picture."""

import sizes
from tintype.models import POSTCARD

BANDS = 15
"""Rows or columns of a picture with a second horizon are hardly ever less far from the render's than 19."""


def test_no_native_size_has_a_second_horizon_or_a_frame() -> None:
    found = sizes.faults(POSTCARD, pictures=1)
    assert len(found) == 5
    assert max(fault.bands for fault in found) < BANDS, found
