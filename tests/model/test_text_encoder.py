import copy

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import Qwen3ForCausalLM

from .references import CAPTION_LENGTHS, EXACT_ENOUGH, VISIBLE, difference, language_model

pytestmark = pytest.mark.usefixtures("without_gradients")


def some_ids(length: int, rows: int = 1) -> Tensor:
    return torch.randint(0, 400, (rows, length), generator=torch.Generator().manual_seed(length))


def reference_features(model: Qwen3ForCausalLM, ids: Tensor, padded_to: int = 0) -> Tensor:
    """What diffusers' pipeline takes from the language model, with its padding and mask if asked for."""
    length = ids.shape[1]
    mask = None
    if padded_to:
        ids = F.pad(ids, (0, padded_to - length))
        mask = (torch.arange(padded_to) < length)[None]
    outputs = model.model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
    return outputs.hidden_states[-2][:, :length]


@pytest.mark.parametrize("length", CAPTION_LENGTHS)
def test_features_equal_the_last_hidden_state_but_one_of_transformers(length: int):
    ours, reference = language_model()
    ids = some_ids(length)
    assert difference(ours(ids), reference_features(reference, ids)) < EXACT_ENOUGH


@pytest.mark.parametrize("length", CAPTION_LENGTHS)
def test_features_equal_the_padded_and_masked_run_of_the_pipeline(length: int):
    ours, reference = language_model()
    ids = some_ids(length)
    assert difference(ours(ids), reference_features(reference, ids, padded_to=512)) < EXACT_ENOUGH


@pytest.mark.parametrize("length", [1, 31, 32, 33])
def test_features_in_bf16_equal_transformers_bit_for_bit(length: int):
    ours, reference = language_model(torch.bfloat16)
    ids = some_ids(length)
    assert difference(ours(ids), reference_features(reference, ids)) == 0.0


@pytest.mark.parametrize("length", [20, 33])
def test_features_in_bf16_are_as_near_to_fp32_as_the_padded_run_of_the_pipeline(length: int):
    """Padding sends transformers through another attention kernel, which rounds differently."""
    ours, reference = language_model(torch.bfloat16)
    ids = some_ids(length)
    exact = copy.deepcopy(ours).float()(ids)
    unpadded = difference(ours(ids).float(), exact)
    padded = difference(reference_features(reference, ids, padded_to=64).float(), exact)
    assert unpadded < 1.2 * padded < 0.05


def test_logits_equal_those_of_transformers():
    ours, reference = language_model()
    ids = some_ids(40, rows=3)
    assert difference(ours.logits(ids), reference(input_ids=ids).logits) < EXACT_ENOUGH


def test_a_batch_of_equal_lengths_equals_transformers():
    ours, reference = language_model()
    ids = some_ids(33, rows=3)
    assert difference(ours(ids), reference_features(reference, ids)) < EXACT_ENOUGH


@pytest.mark.parametrize("wrong", ["reversed", "one token changed", "shifted by one"])
def test_other_ids_give_visibly_other_features(wrong: str):
    ours, _ = language_model()
    ids = some_ids(33)
    changed = {"reversed": ids.flip(1), "one token changed": ids.clone(), "shifted by one": ids.roll(1, 1)}[wrong]
    changed[0, 20] = (changed[0, 20] + 1) % 400
    assert difference(ours(changed), ours(ids)) > VISIBLE


def test_a_token_sees_only_what_came_before_it():
    ours, _ = language_model()
    ids = some_ids(33)
    assert difference(ours(ids)[:, :20], ours(ids[:, :20])) < EXACT_ENOUGH


def test_tensor_names_and_shapes_equal_those_of_transformers():
    ours, reference = language_model()
    names = {name: value.shape for name, value in reference.state_dict().items() if name != "lm_head.weight"}
    assert {name: value.shape for name, value in ours.state_dict().items()} == names
    assert reference.lm_head.weight is reference.model.embed_tokens.weight
    reference.model.load_state_dict({name.removeprefix("model."): v for name, v in ours.state_dict().items()})
