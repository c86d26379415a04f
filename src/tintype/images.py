"""Pixels to files. The same pixels give the same bytes: no times, names or other metadata are written."""

import base64
import io

from PIL import Image, WebPImagePlugin

from tintype.core import Format

Image.preinit()  # with WebP's above: Pillow's formats are loaded now, not by the first picture
assert "WEBP" in Image.SAVE, WebPImagePlugin.__name__

_EXTENSIONS: dict[Format, str] = {"png": "png", "jpeg": "jpg", "webp": "webp"}


def encode(pixels: bytes, width: int, height: int, form: Format) -> bytes:
    """A file of ``width * height * 3`` bytes of RGB: PNG at compression level 1, JPEG and WebP at quality 95."""
    picture = Image.frombytes("RGB", (width, height), pixels)
    file = io.BytesIO()
    if form == "png":
        picture.save(file, "PNG", compress_level=1)
    else:
        picture.save(file, form.upper(), quality=95)
    return file.getvalue()


def size(data: bytes) -> tuple[int, int]:
    """Width and height of the picture in a file."""
    with Image.open(io.BytesIO(data)) as picture:
        return picture.size


def content_type(form: Format) -> str:
    """The media type of ``form``."""
    return f"image/{form}"


def extension(form: Format) -> str:
    """The end of a file name in ``form``, without the dot."""
    return _EXTENSIONS[form]


def data_uri(data: bytes, media_type: str) -> str:
    """``data`` as an address that carries it whole."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
