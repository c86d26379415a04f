import base64
import io
from typing import get_args

import pytest
from PIL import Image

from tintype import images
from tintype.core import Format

PIXELS = bytes(range(256)) * 9
"""32 x 24 of RGB."""
MAGIC = {"png": b"\x89PNG\r\n", "jpeg": b"\xff\xd8\xff", "webp": b"RIFF"}


@pytest.mark.case("C51")
@pytest.mark.parametrize("form", get_args(Format))
def test_a_file_is_what_it_says_and_always_the_same(form: Format) -> None:
    data = images.encode(PIXELS, 32, 24, form)
    assert data.startswith(MAGIC[form])
    assert data == images.encode(PIXELS, 32, 24, form)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == (32, 24)
        assert picture.mode == "RGB"
        assert f"image/{picture.format.lower()}" == images.content_type(form)
        assert not picture.getexif()


def test_png_keeps_every_pixel() -> None:
    with Image.open(io.BytesIO(images.encode(PIXELS, 32, 24, "png"))) as picture:
        assert picture.tobytes() == PIXELS


def test_extensions_are_the_usual_ones() -> None:
    assert [images.extension(form) for form in ("png", "jpeg", "webp")] == ["png", "jpg", "webp"]


def test_a_data_uri_carries_the_file() -> None:
    head, _, data = images.data_uri(b"\x00\x01", "image/png").partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data) == b"\x00\x01"
