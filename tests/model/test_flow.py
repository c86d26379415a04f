from itertools import pairwise

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.pipelines.z_image.pipeline_z_image import get_default_z_image_sigmas

from tintype.model.flow import add_noise, clean_at, euler_step, shift_sigmas, sigmas_for, time_of, velocity_loss

from .references import noise

EIGHT = [
    1.0, 0.9545454382896423, 0.8999999761581421, 0.8333333134651184, 0.75, 0.6428571343421936, 0.5,
    0.30000001192092896, 0.0,
]  # fmt: skip
EIGHT_TIMES = [
    0.0, 0.045454591512680054, 0.10000000149011612, 0.1666666865348816, 0.25, 0.3571428954601288, 0.5,
    0.699999988079071,
]  # fmt: skip


def reference(steps: int, shift: float) -> FlowMatchEulerDiscreteScheduler:
    scheduler = FlowMatchEulerDiscreteScheduler(shift=shift, use_dynamic_shifting=False)
    scheduler.set_timesteps(sigmas=get_default_z_image_sigmas(steps), mu=0.7)
    return scheduler


def test_eight_steps_have_the_published_noise_levels():
    assert sigmas_for(8, 3.0).tolist() == EIGHT


def test_eight_steps_have_the_published_times():
    assert time_of(sigmas_for(8, 3.0)[:-1]).tolist() == EIGHT_TIMES


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 6, 7, 8, 9, 10, 12, 20, 30, 50])
@pytest.mark.parametrize("shift", [1.0, 3.0, 6.0])
def test_noise_levels_equal_diffusers_bit_for_bit(steps: int, shift: float):
    scheduler = reference(steps, shift)
    assert torch.equal(sigmas_for(steps, shift), scheduler.sigmas)
    assert torch.equal(time_of(sigmas_for(steps, shift)[:-1]), (1000 - scheduler.timesteps) / 1000)


def test_a_run_starts_at_pure_noise_falls_and_ends_at_the_picture():
    sigmas = sigmas_for(8, 3.0)
    assert sigmas[0] == 1
    assert sigmas[-1] == 0
    assert bool((sigmas.diff() < 0).all())


def test_one_step_equals_diffusers_bit_for_bit():
    scheduler, sigmas = reference(8, 3.0), sigmas_for(8, 3.0)
    latents, prediction = noise(2, 16, 4, 4), noise(2, 16, 4, 4, seed=1).bfloat16()
    scheduler.set_begin_index(0)
    for k in range(8):
        expected = scheduler.step(-prediction.float(), scheduler.timesteps[k], latents, return_dict=False)[0]
        latents = euler_step(latents, prediction, sigmas[k], sigmas[k + 1])
        assert torch.equal(latents, expected)


def test_a_perfect_prediction_leads_from_noise_to_the_picture():
    clean, start = noise(1, 16, 4, 4), noise(1, 16, 4, 4, seed=1)
    sigmas, latents = sigmas_for(8, 3.0), start
    for sigma, sigma_next in pairwise(sigmas):
        assert torch.allclose(latents, add_noise(clean, start, sigma[None]), atol=1e-5)
        latents = euler_step(latents, clean - start, sigma, sigma_next)
    assert torch.allclose(latents, clean, atol=1e-5)


def test_the_loss_is_zero_only_for_the_true_direction():
    clean, start = noise(1, 4), noise(1, 4, seed=1)
    assert velocity_loss(clean - start, clean, start) == 0
    assert velocity_loss(start - clean, clean, start) > 0


def test_a_shift_of_one_changes_nothing():
    sigmas = torch.linspace(0, 1, 11)
    assert torch.equal(shift_sigmas(sigmas, 1.0), sigmas)


def test_the_clean_latents_are_the_same_before_and_after_a_step_along_the_prediction():
    clean, drawn = noise(2, 16, 4, 4), noise(2, 16, 4, 4, seed=1)
    before, after = torch.tensor(0.9), torch.tensor(0.3)
    noisy = add_noise(clean, drawn, before.expand(2))
    cleaner = euler_step(noisy, clean - drawn, before, after)
    for latents, sigma in ((noisy, before), (cleaner, after)):
        assert (clean_at(latents, clean - drawn, sigma) - clean).abs().max() < 1e-6
    assert torch.equal(clean_at(clean, noise(2, 16, 4, 4, seed=2), torch.tensor(0.0)), clean)
