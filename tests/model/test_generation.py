import copy
from collections import Counter
from functools import cache

import pytest
import torch
from torch import Tensor
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    Qwen3ForCausalLM,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from tintype.model.generation import Sampling, choose, generate
from tintype.model.text_encoder import TextEncoder

from .references import EXACT_ENOUGH, difference, language_model

PROMPTS = [[5], list(range(300, 400))]
LENGTH = 30


@cache
def writers() -> tuple[TextEncoder, Qwen3ForCausalLM]:
    """Ours and transformers', with embeddings so small that the tied head does not only repeat the last token."""
    ours, reference = map(copy.deepcopy, language_model())
    with torch.no_grad():
        for weight in (ours.model.embed_tokens.weight, reference.model.embed_tokens.weight):
            weight.mul_(0.2)
    return ours, reference


class Draw(LogitsProcessor):
    """Our rule, as it is written down: one number for each token, where the sum over the likeliest first passes it.

    In the place of transformers' own draw from the distribution that its warpers have made: all others are ruled out.
    """

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        drawn, passed = torch.rand((), generator=self.generator).item(), 0.0
        probabilities, tokens = scores[0].double().softmax(0).sort(descending=True)
        for probability, token in zip(probabilities.tolist(), tokens.tolist(), strict=True):
            passed += probability
            if passed > drawn:
                return torch.full_like(scores, -torch.inf).index_fill_(1, torch.tensor([token]), 0.0)
        raise AssertionError("probabilities add up to 1")


def of_transformers(ids: list[int], *processors: LogitsProcessor, eos: int | None = None) -> list[int]:
    """What transformers' own generation writes, with its key/value cache."""
    _, reference = writers()
    config = GenerationConfig(do_sample=False, max_new_tokens=LENGTH, eos_token_id=eos, pad_token_id=0)
    written = reference.generate(
        torch.tensor([ids]), generation_config=config, logits_processor=LogitsProcessorList(list(processors))
    )
    return written[0, len(ids) :].tolist()


def ours(ids: list[int], sampling: Sampling, seed: int = 0, stop: frozenset[int] = frozenset()) -> list[int]:
    generator = torch.Generator().manual_seed(seed)
    return list(generate(writers()[0], ids, sampling, generator, stop, LENGTH))


def test_greedy_text_is_that_of_transformers_token_for_token():
    """Random weights soon repeat themselves, so many prompts rather than a long text."""
    generator = torch.Generator().manual_seed(0)
    prompts = [torch.randint(0, 400, (length,), generator=generator).tolist() for length in range(1, 40, 3)]
    texts = [ours(ids, Sampling()) for ids in prompts]
    assert texts == [of_transformers(ids) for ids in prompts]
    assert len({tuple(text) for text in texts}) == len(prompts)


@pytest.mark.parametrize("ids", PROMPTS, ids=len)
@pytest.mark.parametrize(
    "sampling",
    [Sampling(0.7, 20, 0.8), Sampling(1.0), Sampling(1.5, top_k=50), Sampling(1.0, top_p=0.5)],
    ids=["as Qwen recommends", "plain", "top_k", "top_p"],
)
def test_sampled_text_is_that_of_transformers_with_the_same_draws_token_for_token(ids: list[int], sampling: Sampling):
    warpers: list[LogitsProcessor] = [TemperatureLogitsWarper(sampling.temperature)]
    if sampling.top_k:
        warpers.append(TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1:
        warpers.append(TopPLogitsWarper(sampling.top_p))
    texts = {seed: ours(ids, sampling, seed) for seed in (1, 2)}
    assert texts == {seed: of_transformers(ids, *warpers, Draw(seed)) for seed in (1, 2)}
    assert texts[1] != texts[2]


def test_a_text_ends_before_a_stop_token_as_in_transformers():
    text = ours(PROMPTS[1], Sampling(1.0), seed=3)
    stop = text[10]
    cut = ours(PROMPTS[1], Sampling(1.0), seed=3, stop=frozenset({stop}))
    assert cut == text[: text.index(stop)]
    assert [*cut, stop] == of_transformers(PROMPTS[1], TemperatureLogitsWarper(1.0), Draw(3), eos=stop)


def test_tokens_are_drawn_as_often_as_they_are_likely():
    logits = torch.randn(30, generator=torch.Generator().manual_seed(1)) * 2
    generator = torch.Generator().manual_seed(2)
    drawn = Counter(choose(logits, Sampling(1.0, top_k=8, top_p=0.9), generator) for _ in range(4000))
    likely = logits.softmax(0).sort(descending=True)
    nucleus = [int(token) for token in likely.indices[:8]]
    weights = logits[nucleus].softmax(0)
    kept = int((weights.cumsum(0) - weights < 0.9).sum())
    assert set(drawn) == set(nucleus[:kept])
    for token, share in zip(nucleus, weights[:kept] / weights[:kept].sum(), strict=False):
        assert abs(drawn[token] / 4000 - share.item()) < 0.03


def test_a_seed_says_what_is_drawn_and_nothing_else_does():
    before = torch.random.get_rng_state()
    assert ours(PROMPTS[1], Sampling(1.0), seed=9) == ours(PROMPTS[1], Sampling(1.0), seed=9)
    assert torch.equal(torch.random.get_rng_state(), before)


@torch.inference_mode()
def test_logits_with_a_cache_are_those_without():
    encoder, _ = writers()
    ids = torch.tensor([PROMPTS[1]])
    cache = encoder.cache(ids.shape[1])
    with_cache = [encoder.next_logits(ids[:, :70], cache)]
    with_cache += [encoder.next_logits(ids[:, i : i + 1], cache) for i in range(70, 100)]
    assert difference(torch.stack(with_cache, dim=1), encoder.logits(ids)[:, 69:]) < EXACT_ENOUGH
    assert cache.length == 100


def test_the_caller_is_left_with_gradients():
    texts = generate(writers()[0], [1, 2], Sampling(), torch.Generator(), frozenset(), 3)
    next(texts)
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()
