from pathlib import Path

import pytest
import torch
from torch import Tensor

from tintype.engine.checkpoint import Checkpoint
from tintype.model.tokenizer import Tokenizer

from .references import (
    EXACT_ENOUGH,
    SHIFT,
    VISIBLE,
    autoencoder,
    difference,
    language_model,
    noise,
    our_latents,
    pipeline,
    transformer,
)

pytestmark = pytest.mark.usefixtures("without_gradients")
PROMPT = "a small red house under a yellow moon"
PADDED, EXACT_FIT = (96, 80), (128, 64)
"""Heights and widths of 30 image tokens (2 pads) and 32 (none)."""


def reference_latents(folder: Path, start: Tensor, prompts: list[str]) -> Tensor:
    height, width = start.shape[2] * 8, start.shape[3] * 8
    return pipeline(folder)(
        prompt=list(prompts),
        height=height,
        width=width,
        num_inference_steps=8,
        guidance_scale=0.0,
        latents=start,
        output_type="latent",
    ).images


def features(folder: Path, prompts: list[str], dtype: torch.dtype = torch.float32) -> Tensor:
    ids = torch.tensor([Tokenizer(folder).prompt_ids(prompt) for prompt in prompts])
    return language_model(dtype)[0](ids)


def ours(folder: Path, start: Tensor, prompts: list[str], steps: int = 8) -> Tensor:
    return our_latents(transformer()[0], features(folder, prompts), start, steps, SHIFT)


@pytest.mark.parametrize("size", [PADDED, EXACT_FIT])
def test_eight_steps_end_where_diffusers_ends(tokenizer_folder: Path, size: tuple[int, int]):
    start = noise(1, 16, size[0] // 8, size[1] // 8)
    expected = reference_latents(tokenizer_folder, start, [PROMPT])
    assert difference(ours(tokenizer_folder, start, [PROMPT]), expected) < EXACT_ENOUGH


def test_a_batch_of_prompts_ends_where_diffusers_ends(tokenizer_folder: Path):
    start = noise(2, 16, 12, 10)
    prompts = [PROMPT, PROMPT.replace("red house", "house red")]
    expected = reference_latents(tokenizer_folder, start, prompts)
    assert difference(ours(tokenizer_folder, start, prompts), expected) < EXACT_ENOUGH


def test_the_pixels_equal_diffusers(tokenizer_folder: Path):
    start = noise(1, 16, 12, 10)
    expected = pipeline(tokenizer_folder)(
        prompt=PROMPT,
        height=96,
        width=80,
        num_inference_steps=2,
        guidance_scale=0.0,
        latents=start,
        output_type="pt",
    ).images
    pixels = autoencoder()[0].decode(ours(tokenizer_folder, start, [PROMPT], steps=2))
    assert difference((pixels / 2 + 0.5).clamp(0, 1), expected) < EXACT_ENOUGH


@pytest.mark.parametrize("size", [PADDED, EXACT_FIT])
def test_eight_steps_in_bf16_end_where_diffusers_ends_bit_for_bit(tokenizer_folder: Path, size: tuple[int, int]):
    """From the same features: the pipeline pads its captions, which rounds differently in bf16."""
    start = noise(1, 16, size[0] // 8, size[1] // 8)
    caption = features(tokenizer_folder, [PROMPT], torch.bfloat16)
    expected = pipeline(tokenizer_folder, torch.bfloat16)(
        prompt_embeds=list(caption),
        height=size[0],
        width=size[1],
        num_inference_steps=8,
        guidance_scale=0.0,
        latents=start,
        output_type="latent",
    ).images
    assert difference(our_latents(transformer(torch.bfloat16)[0], caption, start, 8, SHIFT), expected) == 0.0


@pytest.mark.parametrize("mistake", ["another prompt", "nine steps", "another start"])
def test_a_mistake_is_visible_at_the_end(tokenizer_folder: Path, mistake: str):
    start = noise(1, 16, 12, 10)
    expected = ours(tokenizer_folder, start, [PROMPT])
    wrong = {
        "another prompt": lambda: ours(tokenizer_folder, start, [PROMPT.replace("yellow", "red")]),
        "nine steps": lambda: ours(tokenizer_folder, start, [PROMPT], steps=9),
        "another start": lambda: ours(tokenizer_folder, start + 0.1, [PROMPT]),
    }[mistake]()
    assert difference(wrong, expected) > VISIBLE


def test_a_checkpoint_saved_by_diffusers_is_opened_and_paints_the_same(tokenizer_folder: Path, tmp_path: Path):
    whole = pipeline(tokenizer_folder)
    whole.save_pretrained(tmp_path)
    checkpoint = Checkpoint.open(tmp_path)
    ids = torch.tensor([checkpoint.tokenizer().prompt_ids(PROMPT)])
    start = noise(1, 16, 12, 10)
    caption = checkpoint.text_encoder(torch.float32, "cpu")(ids)
    latents = our_latents(checkpoint.transformer(torch.float32, "cpu"), caption, start, 8, checkpoint.shift)
    assert difference(latents, reference_latents(tokenizer_folder, start, [PROMPT])) < EXACT_ENOUGH
    assert torch.equal(checkpoint.autoencoder(torch.float32, "cpu").decode(latents), autoencoder()[0].decode(latents))
