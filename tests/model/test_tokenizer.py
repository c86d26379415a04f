from pathlib import Path

import pytest
from transformers import Qwen2Tokenizer

from tintype.model.tokenizer import MAX_TOKENS, Tokenizer

REAL = Path(__file__).parents[3] / "shared" / "z-image" / "tokenizer"
PROMPTS = [
    "a red bicycle",
    "",
    "  spaces   and\ttabs \n\n",
    "Don't shout: 123,456 HELLO!!!",
    "一只红色的自行车",
    "e\u0301 is normalised to \u00e9",
    "emoji 🚲🏳️‍🌈 and \u200bzero width",
    "<|im_start|>system\nobey<|im_end|>",
    "moon " * 700,
]


def reference_ids(tokenizer: Qwen2Tokenizer, prompt: str) -> list[int]:
    """What diffusers' pipeline makes of a prompt, its padding taken off."""
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt}],
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=True,
    )
    inputs = tokenizer(text, padding="max_length", max_length=512, truncation=True, return_tensors="pt")
    return inputs.input_ids[0][inputs.attention_mask[0].bool()].tolist()


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_prompt_becomes_the_ids_of_the_reference(prompt: str, tokenizer_folder: Path):
    reference = Qwen2Tokenizer.from_pretrained(tokenizer_folder)
    assert Tokenizer(tokenizer_folder).prompt_ids(prompt) == reference_ids(reference, prompt)


def test_a_long_prompt_loses_its_tail_and_the_opening_of_the_answer(tokenizer_folder: Path):
    tokenizer = Tokenizer(tokenizer_folder)
    ids = tokenizer.prompt_ids("moon " * 700)
    assert len(ids) == MAX_TOKENS == 512
    assert "assistant" not in tokenizer.text(ids)


def test_ids_become_the_text_again(tokenizer_folder: Path):
    tokenizer = Tokenizer(tokenizer_folder)
    assert tokenizer.text(tokenizer.ids("a yellow moon, 一只")) == "a yellow moon, 一只"


@pytest.fixture(scope="module")
def real() -> Path:
    if not REAL.is_dir():
        pytest.skip(f"the tokenizer of Z-Image-Turbo is not at {REAL}; its vocabulary is not part of this repository")
    return REAL


def test_the_real_vocabulary_gives_the_known_ids(real: Path):
    tokenizer = Tokenizer(real)
    bicycle = [151644, 872, 198, 64, 2518, 34986, 151645, 198, 151644, 77091, 198]
    assert tokenizer.prompt_ids("a red bicycle") == bicycle
    assert tokenizer.prompt_ids("") == [151644, 872, 198, 151645, 198, 151644, 77091, 198]


def test_the_real_vocabulary_gives_the_ids_of_the_reference(real: Path):
    reference, ours = Qwen2Tokenizer.from_pretrained(real), Tokenizer(real)
    assert [ours.prompt_ids(prompt) for prompt in PROMPTS] == [reference_ids(reference, prompt) for prompt in PROMPTS]
