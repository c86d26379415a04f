"""Small pictures of a painting in progress: the map itself, and what it makes of a real painting."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tintype.engine.checkpoint import Checkpoint
from tintype.engine.golden import psnr
from tintype.engine.pipeline import Picture, Pipeline, Step
from tintype.engine.preview import PreviewMap, known_map
from tintype.engine.sizes import Canvas, Pixels, canvas_for
from tintype.model.config import AutoencoderConfig
from tintype.models import POSTCARD

Z_IMAGE = Path(__file__).parent.parent / "golden" / "z-image-turbo" / "vae" / "config.json"
WISH: dict[str, Any] = {"width": 300, "height": 420, "steps": 8, "seed": 3}
"""Painted on a canvas of 768x1024, and cropped."""


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline.load(POSTCARD, "cpu")


@pytest.fixture(scope="module")
def watched(pipeline: Pipeline) -> list[Step | Picture]:
    return list(pipeline.paint("a snowman with a blue scarf", **WISH, previews=True))


def previews(events: list[Step | Picture]) -> list[Pixels]:
    return [event.preview for event in events if isinstance(event, Step) and event.preview is not None]


def finished(events: list[Step | Picture]) -> Pixels:
    assert isinstance(events[-1], Picture)
    return events[-1].pixels


def test_every_step_has_a_small_picture_of_the_right_shape(watched: list[Step | Picture]):
    assert len(previews(watched)) == 8
    for pixels in previews(watched):
        assert (pixels.shape, pixels.dtype) == ((256, 183, 3), np.uint8)


def test_the_small_pictures_come_to_resemble_the_finished_one(watched: list[Step | Picture]):
    """Measured: 21 dB after the first step (of the noisy latents: 11), 32 dB after the last (moved by 4 pixels: 24)."""
    small = np.asarray(Image.fromarray(finished(watched)).resize((183, 256), Image.Resampling.BOX))
    ratios = [psnr(preview, small) for preview in previews(watched)]
    assert ratios[0] > 17
    assert ratios[-1] > 27
    assert ratios[-1] > ratios[4] > ratios[0]


def test_watching_changes_no_byte(pipeline: Pipeline, watched: list[Step | Picture]):
    unwatched = list(pipeline.paint("a snowman with a blue scarf", **WISH))
    assert previews(unwatched) == []
    assert np.array_equal(finished(unwatched), finished(watched))


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(40, 30, (30, 40, 3)), (14142, 1, (1, 256, 3)), (1, 14142, (256, 1, 3)), (777, 333, (110, 256, 3))],
)
def test_a_preview_is_never_larger_than_its_picture(width: int, height: int, expected: tuple[int, int, int]):
    preview = PreviewMap(factors=torch.eye(3), bias=torch.zeros(3))
    canvas = canvas_for(width, height, 128, Checkpoint.open(POSTCARD).sizes)
    latents = torch.zeros(1, 3, canvas.height // 64, canvas.width // 64)
    assert preview.picture(latents, canvas, width, height).shape == expected


def test_each_latent_pixel_becomes_its_colours_in_place():
    values = torch.arange(12.0) * 20 / 255
    preview = PreviewMap(factors=torch.stack([values, torch.zeros(12)]), bias=torch.full((12,), -1.0))
    latents = torch.tensor([[[[0.0, 2.0]], [[5.0, 5.0]]]])
    pixels = preview.colours(latents)
    assert (pixels.shape, pixels.dtype) == ((2, 4, 3), np.uint8)
    assert (pixels[:, :2] == 0).all()
    assert pixels[:, 2:, 0].tolist() == [[0, 20], [40, 60]]
    assert pixels[:, 2:, 1].tolist() == [[80, 100], [120, 140]]
    assert pixels[:, 2:, 2].tolist() == [[160, 180], [200, 220]]


def test_colours_out_of_range_are_cut_off():
    preview = PreviewMap(factors=torch.tensor([[9.0, -9.0, 0.0]]), bias=torch.zeros(3))
    assert preview.colours(torch.ones(1, 1, 1, 1)).tolist() == [[[255, 0, 128]]]


def test_a_crop_is_the_pictures():
    preview = PreviewMap(factors=torch.eye(3), bias=torch.zeros(3))
    latents = torch.ones(1, 3, 8, 8)
    latents[..., 2:6] = -1
    pixels = preview.picture(latents, Canvas(64, 64, scaled=False), 32, 64)
    assert pixels.shape == (64, 32, 3)
    assert pixels[:, 4:-4].max() < 10


def test_z_image_has_the_published_map_of_the_flux_autoencoder():
    preview = known_map(AutoencoderConfig.from_json(Z_IMAGE))
    assert preview is not None
    assert preview.colours(torch.zeros(1, 16, 1, 1)).tolist() == [[[123, 118, 117]]]
    pixels = preview.picture(torch.zeros(1, 16, 128, 96), Canvas(768, 1024, scaled=False), 768, 1024)
    assert pixels.shape == (256, 192, 3)


def test_latents_that_nobody_knows_have_no_map():
    assert known_map(Checkpoint.open(POSTCARD).autoencoder_config) is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"factors": [[0, 0, 0]], "bias": [0, 0, 0]}, r"factors are \[1, 3\], expected \[2, 3\]"),
        ({"factors": [[0] * 6] * 2, "bias": [0] * 6}, r"bias is \[6\], expected 3 \* k \* k"),
        ({"factors": [[], []], "bias": []}, r"bias is \[0\]"),
        ({"factors": [[0, 0, 0], [0]], "bias": [0, 0, 0]}, "lists of numbers"),
        ({"factors": [["red"]], "bias": [0]}, "lists of numbers"),
        ({"factors": [[0, 0, 0]] * 2}, "lists of numbers .'bias'"),
        (7, "lists of numbers"),
    ],
)
def test_a_map_that_is_none_is_refused(values: Any, message: str):
    with pytest.raises(ValueError, match=message):
        PreviewMap.from_json(values, channels=2)
