import pytest
import torch
from diffusers import AutoencoderKL
from torch import Tensor

from tintype.model.autoencoder import GroupNorm

from .references import EXACT_ENOUGH, VISIBLE, autoencoder, difference, noise

pytestmark = pytest.mark.usefixtures("without_gradients")
SIZES = [(4, 4), (6, 10), (2, 8)]


def reference_pixels(model: AutoencoderKL, latents: Tensor) -> Tensor:
    """What diffusers' pipeline makes of latents."""
    return model.decode(latents / model.config.scaling_factor + model.config.shift_factor, return_dict=False)[0]


def reference_latents(model: AutoencoderKL, pixels: Tensor) -> tuple[Tensor, Tensor]:
    distribution = model.encode(pixels).latent_dist
    mean = (distribution.mean - model.config.shift_factor) * model.config.scaling_factor
    return mean, distribution.logvar


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("rows", [1, 3])
def test_decoding_equals_diffusers(size: tuple[int, int], rows: int):
    ours, reference = autoencoder()
    latents = noise(rows, 16, *size)
    assert difference(ours.decode(latents), reference_pixels(reference, latents)) < EXACT_ENOUGH


@pytest.mark.parametrize("size", SIZES)
def test_encoding_equals_diffusers(size: tuple[int, int]):
    ours, reference = autoencoder()
    pixels = noise(2, 3, size[0] * 8, size[1] * 8).clamp(-1, 1)
    (mean, logvar), (expected_mean, expected_logvar) = (
        ours.encode(pixels),
        reference_latents(reference, pixels),
    )
    assert difference(mean, expected_mean) < EXACT_ENOUGH
    assert difference(logvar.clamp(-30, 20), expected_logvar) < EXACT_ENOUGH


def test_decoding_in_bf16_equals_diffusers_bit_for_bit():
    ours, reference = autoencoder(torch.bfloat16)
    latents = noise(1, 16, 2, 4).bfloat16()
    assert difference(ours.decode(latents), reference_pixels(reference, latents)) == 0.0


def test_encoding_in_bf16_equals_diffusers_bit_for_bit():
    ours, reference = autoencoder(torch.bfloat16)
    pixels = noise(1, 3, 16, 32).clamp(-1, 1).bfloat16()
    assert difference(ours.encode(pixels)[0], reference_latents(reference, pixels)[0]) == 0.0


def test_the_order_of_scale_and_shift_is_visible():
    ours, reference = autoencoder()
    latents = noise(1, 16, 4, 4)
    swapped = (latents + ours.config.shift_factor) / ours.config.scaling_factor
    wrong = reference.decode(swapped, return_dict=False)[0]
    assert difference(ours.decode(latents), wrong) > VISIBLE


def test_tensor_names_and_shapes_equal_those_of_diffusers():
    ours, reference = autoencoder()
    assert {n: v.shape for n, v in ours.state_dict().items()} == {n: v.shape for n, v in reference.state_dict().items()}
    reference.load_state_dict(ours.state_dict(), strict=True)


@pytest.mark.parametrize("width", [640, 1023])
@pytest.mark.parametrize("learns", [False, True])
def test_a_million_numbers_in_one_group_are_normalised_exactly_channels_last_as_well(learns: bool, width: int):
    with torch.inference_mode(not learns):
        norm = GroupNorm(1, 4)
        picture = torch.randn(2, 4, 512, width, generator=torch.Generator().manual_seed(3)) * 3 + 1
        expected = torch.nn.functional.group_norm(picture.double(), 1, eps=norm.eps)
        for layout in (torch.contiguous_format, torch.channels_last):
            laid = picture.contiguous(memory_format=layout)
            answer, narrow = norm(laid), norm(laid.bfloat16())
            assert answer.requires_grad == learns
            assert answer.is_contiguous(memory_format=layout)
            assert (answer - expected).abs().max() < 2e-5, layout
            assert (narrow - expected).abs().max() < 0.04, layout  # two roundings to 8 bits, of values up to 5


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_number_of_threads_changes_no_bit_of_a_norm(dtype: torch.dtype):
    norm, threads = GroupNorm(1, 12), torch.get_num_threads()
    picture = torch.randn(1, 12, 512, 640).to(dtype).contiguous(memory_format=torch.channels_last)
    answers: list[torch.Tensor] = []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            with torch.inference_mode():
                answers.append(norm(picture))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(answers[0], answers[1])
    assert torch.equal(answers[0], answers[2])
