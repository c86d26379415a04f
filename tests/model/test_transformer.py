import pytest
import torch
from diffusers.models.transformers.transformer_z_image import RopeEmbedder
from torch import Tensor

from tintype.model.positions import caption_positions, image_positions
from tintype.model.transformer import Transformer, patchify, unpatchify

from .references import (
    CAPTION_LENGTHS,
    CAPTION_WIDTH,
    EXACT_ENOUGH,
    VISIBLE,
    difference,
    noise,
    reference_velocity,
    transformer,
)  # fmt: skip

pytestmark = pytest.mark.usefixtures("without_gradients")
EXACT_FIT, PADDED, WIDE = (8, 16), (6, 10), (2, 40)
"""Latent sizes of 32 tokens (no pads), 15 tokens (17 pads) and 20 tokens (12 pads)."""


def captions(*lengths: int, seed: int = 100) -> list[Tensor]:
    return [noise(length, CAPTION_WIDTH, seed=seed + i) for i, length in enumerate(lengths)]


def our_velocity(model: Transformer, latents: Tensor, t: Tensor, captions: list[Tensor]) -> Tensor:
    lengths = torch.tensor([len(caption) for caption in captions])
    features = torch.nn.utils.rnn.pad_sequence(captions, batch_first=True)
    return model(latents, t, model.refine_caption(features, lengths))


@pytest.mark.parametrize("size", [EXACT_FIT, PADDED, WIDE])
@pytest.mark.parametrize("length", CAPTION_LENGTHS)
def test_a_velocity_equals_diffusers(size: tuple[int, int], length: int):
    ours, reference = transformer()
    latents, t, caption = noise(1, 16, *size), torch.tensor([0.1666666865348816]), captions(length)
    expected = reference_velocity(reference, latents, t, caption)
    assert difference(our_velocity(ours, latents, t, caption), expected) < EXACT_ENOUGH


@pytest.mark.parametrize("size", [EXACT_FIT, PADDED])
@pytest.mark.parametrize("length", [1, 31, 32, 33])
def test_a_velocity_in_bf16_equals_diffusers_bit_for_bit(size: tuple[int, int], length: int):
    ours, reference = transformer(torch.bfloat16)
    latents, t = noise(1, 16, *size).bfloat16(), torch.tensor([0.1666666865348816])
    caption = [caption.bfloat16() for caption in captions(length)]
    expected = reference_velocity(reference, latents, t, caption)
    assert difference(our_velocity(ours, latents, t, caption), expected) == 0.0


@pytest.mark.parametrize("size", [EXACT_FIT, PADDED])
@pytest.mark.parametrize("lengths", [(33, 33), (33, 64, 40), (1, 32)])
def test_a_batch_with_one_padded_caption_length_equals_diffusers(size: tuple[int, int], lengths: tuple[int, ...]):
    ours, reference = transformer()
    batch = captions(*lengths)
    latents, t = noise(len(batch), 16, *size), torch.linspace(0.1, 0.7, len(batch))
    expected = reference_velocity(reference, latents, t, batch)
    assert difference(our_velocity(ours, latents, t, batch), expected) < EXACT_ENOUGH


def test_a_batch_in_bf16_equals_diffusers_and_single_runs_bit_for_bit():
    ours, reference = transformer(torch.bfloat16)
    batch = [caption.bfloat16() for caption in captions(33, 50)]
    latents, t = noise(2, 16, *PADDED).bfloat16(), torch.tensor([0.1, 0.5])
    together = our_velocity(ours, latents, t, batch)
    assert difference(together, reference_velocity(reference, latents, t, batch)) == 0.0
    alone = [our_velocity(ours, latents[i : i + 1], t[i : i + 1], batch[i : i + 1]) for i in range(2)]
    assert difference(together, torch.cat(alone)) == 0.0


@pytest.mark.parametrize("mistake", ["time", "reversed caption", "caption one token short", "transposed", "no pads"])
def test_a_mistake_in_the_input_is_visible(mistake: str):
    ours, reference = transformer()
    latents, t, caption = noise(1, 16, 8, 8), torch.tensor([0.1666666865348816]), captions(33)
    expected = reference_velocity(reference, latents, t, caption)
    wrong = {
        "time": lambda: our_velocity(ours, latents, torch.tensor([0.25]), caption),
        "reversed caption": lambda: our_velocity(ours, latents, t, [caption[0].flip(0)]),
        "caption one token short": lambda: our_velocity(ours, latents, t, [caption[0][:-1]]),
        "transposed": lambda: our_velocity(ours, latents.mT, t, caption).mT,
        "no pads": lambda: ours(latents, t, ours.refine_caption(caption[0][None])[:, :33]),
    }[mistake]()
    assert difference(wrong, expected) > VISIBLE


def test_rotary_tables_have_the_known_values():
    ours, _ = transformer()
    positions = torch.tensor([[5, 3, 7], [33, 10, 63]], dtype=torch.float64)
    rope = ours.positions.angles(positions, torch.device("cpu"))
    known = {
        (0, 0): (0.283662, -0.958924), (0, 1): (-0.923403, -0.383831), (0, 2): (-0.801144, 0.598472),
        (0, 16): (-0.989992, 0.141120), (0, 17): (-0.724498, 0.689277), (0, 40): (0.753902, 0.656987),
        (0, 41): (0.746985, -0.664841), (0, 63): (0.999407, 0.034444),
        (1, 0): (-0.013277, 0.999912), (1, 16): (-0.839072, -0.544021), (1, 40): (0.985897, 0.167356),
        (1, 63): (0.952316, 0.305115),
    }  # fmt: skip
    for (row, pair), values in known.items():
        assert (rope.cos[row, pair].item(), rope.sin[row, pair].item()) == pytest.approx(values, abs=1e-6)


@pytest.mark.parametrize(("rows", "columns", "n"), [(4, 8, 32), (3, 5, 64), (64, 64, 128), (60, 80, 512)])
def test_rotary_tables_equal_diffusers(rows: int, columns: int, n: int):
    ours, reference = transformer()
    image = image_positions(rows, columns, n)
    caption = caption_positions(n)
    embedder = RopeEmbedder(256.0, [32, 48, 48], [1536, 512, 512])
    for positions in (image, caption):
        rope = ours.positions.angles(positions, torch.device("cpu"))
        expected = embedder(positions.int())
        assert torch.equal(rope.cos, expected.real)
        assert torch.equal(rope.sin, expected.imag)
    _, _, _, image_ids, caption_ids, _, _ = reference.patchify_and_embed(
        [torch.zeros(16, 1, rows * 2, columns * 2)], [torch.zeros(n, CAPTION_WIDTH)], 2, 1
    )
    assert torch.equal(image.int(), image_ids[0])
    assert torch.equal(caption.int(), caption_ids[0][:n])


def test_patches_equal_diffusers_and_go_back():
    _, reference = transformer()
    latents = noise(2, 16, 6, 10)
    expected = [reference._patchify_image(one[:, None], 2, 1)[0] for one in latents]
    patches = patchify(latents, 2)
    assert torch.equal(patches, torch.stack(expected))
    assert torch.equal(unpatchify(patches, 3, 5, 2), latents)


def test_a_caption_is_refined_alone_as_in_company():
    ours, _ = transformer()
    short, long = captions(40, 64)
    features = torch.nn.utils.rnn.pad_sequence([short, long], batch_first=True)
    together = ours.refine_caption(features, torch.tensor([40, 64]))
    assert difference(together[:1], ours.refine_caption(short[None])) < EXACT_ENOUGH
    assert difference(together[1:], ours.refine_caption(long[None])) < EXACT_ENOUGH


def test_tensor_names_and_shapes_equal_those_of_diffusers():
    ours, reference = transformer()
    assert {n: v.shape for n, v in ours.state_dict().items()} == {n: v.shape for n, v in reference.state_dict().items()}
    reference.load_state_dict(ours.state_dict(), strict=True)
