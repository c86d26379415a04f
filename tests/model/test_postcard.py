"""The bundled model is an ordinary checkpoint: diffusers opens it and paints the same pictures."""

import math
from itertools import islice
from pathlib import Path

import pytest
import torch
from diffusers import ZImagePipeline
from torch import Tensor

from tintype.engine.checkpoint import Checkpoint
from tintype.engine.pipeline import Pipeline
from tintype.models import POSTCARD

from .references import noise, our_latents

pytestmark = pytest.mark.usefixtures("without_gradients")
PROMPTS = ("a small red house under a large yellow moon", "")


def psnr(ours: Tensor, reference: Tensor) -> float:
    """Peak signal-to-noise ratio in dB of pixels in 0..1."""
    return -10 * math.log10(max((ours - reference).square().mean().item(), 1e-20))


def our_pixels(checkpoint: Checkpoint, prompt: str, start: Tensor) -> Tensor:
    ids = torch.tensor([checkpoint.tokenizer().prompt_ids(prompt)])
    features = checkpoint.text_encoder(torch.float32, "cpu")(ids)
    latents = our_latents(checkpoint.transformer(torch.float32, "cpu"), features, start, 8, checkpoint.shift)
    return (checkpoint.autoencoder(torch.float32, "cpu").decode(latents) / 2 + 0.5).clamp(0, 1)


def diffusers_pixels(folder: Path, prompt: str, start: Tensor, width: int, height: int) -> Tensor:
    pipeline = ZImagePipeline.from_pretrained(folder, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline(
        prompt=prompt,
        width=width,
        height=height,
        num_inference_steps=8,
        guidance_scale=0.0,
        latents=start,
        output_type="pt",
    ).images


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_bundled_model_paints_the_same_picture_in_diffusers(prompt: str):
    checkpoint = Checkpoint.open(POSTCARD)
    assert checkpoint.sizes, "the bundled model says which sizes it was trained for"
    for width, height in islice(sorted(checkpoint.sizes), 2):
        config = checkpoint.autoencoder_config
        scale = config.downsampling
        start = noise(1, config.latent_channels, height // scale, width // scale, seed=7)
        expected = diffusers_pixels(POSTCARD, prompt, start, width, height)
        ours = our_pixels(checkpoint, prompt, start)
        assert expected.std() > 0.01, "an empty picture would prove nothing"
        assert psnr(ours, expected) > 50


@pytest.mark.parametrize("prompt", ["a red sailboat on a calm sea at sunset", "a lighthouse on the sea at night"])
def test_bf16_leaves_no_grain_in_the_sky(prompt: str):
    """What is left between the two is fine detail; with all of the decoder in bf16 it is 40 dB, and seen."""
    exact, narrow = (Pipeline.load(POSTCARD, dtype=dtype) for dtype in (torch.float32, torch.bfloat16))
    latents = exact.noise(512, 384, seed=2)
    for denoised in exact.denoise(latents, exact.read(prompt), 8):
        latents = denoised.latents
    wanted, ours = (torch.from_numpy(one.develop(latents)) / 255 for one in (exact, narrow))
    assert psnr(ours, wanted) > 45
