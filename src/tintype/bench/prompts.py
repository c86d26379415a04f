"""Prompts to measure with: no two alike, so that nothing remembered makes a picture cheaper than a user's."""

import itertools
import random

from tintype.model.tokenizer import Tokenizer

TEXT = (
    "a red sailboat on the calm sea at sunset, a small house under green trees by night, "
    "yellow flowers in front of blue mountains at dawn, the white moon over a quiet lake"
)
WORDS = tuple(TEXT.split())


def prompt(number: int, words: int) -> str:
    """The ``number``-th prompt, of so many words."""
    return " ".join(random.Random(number).choices(WORDS, k=words))


def prompt_of(tokenizer: Tokenizer, tokens: int, number: int) -> str:
    """The ``number``-th prompt that comes to ``tokens`` tokens with the chat template, or hardly fewer."""
    generator = random.Random(number)
    text = generator.choice(WORDS)
    for word in itertools.islice(iter(lambda: generator.choice(WORDS), ""), tokens):
        longer = f"{text} {word}"
        if len(tokenizer.prompt_ids(longer)) <= tokens:
            text = longer
    while len(tokenizer.prompt_ids(f"{text} a")) <= tokens:
        text += " a"
    return text
