"""Prompt in, a fuller prompt out: the text encoder of the checkpoint, asked as the language model that it is.

What it makes of a prompt is never trusted blindly: :meth:`Expander.expand` falls back to the given prompt if what was
written is empty, goes round in circles, does not end, or has lost a text that stood in quotes.
"""

import json
import re
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

import torch

from tintype.errors import InputRefused, SetupError
from tintype.model.generation import Sampling, generate
from tintype.model.text_encoder import TextEncoder
from tintype.model.tokenizer import MAX_TOKENS, Tokenizer

SYSTEM_PROMPT = Path(__file__).parents[1] / "assets" / "expansion.txt"
"""The rules of the rewriting for a checkpoint that does not bring its own."""
END_TOKENS = ("<|im_end|>", "<|endoftext|>")
"""Control tokens with which any answer of a Qwen3 ends, whatever the configuration says."""
QUOTED = re.compile(r'"([^"]+)"|“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»|「([^」]+)」')
SENTENCES = re.compile(r'.*(?:[.!?]["”»]?(?=\s|$)|[。！？]["”」]?)', re.DOTALL)
"""As much of a text as ends with the end of a sentence."""
TIMES_OVER, LOOP_TOKENS, LONGEST_PASSAGE = 3, 16, 64
"""A text goes round in circles if it ends with one passage so often, so many tokens in all, of a passage no longer."""


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of the new prompt, as soon as it is written."""

    text: str


@dataclass(frozen=True, slots=True)
class Expanded:
    """What is painted instead of the given prompt."""

    prompt: str
    seconds: float
    trouble: str = ""
    """Why it is the given prompt after all; empty: it is not."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """How a checkpoint is asked: ``"expansion"`` in its ``tintype.json``, in which every field is optional.

    The defaults are for Qwen3-4B as it was published: our rules in the system message, no thinking, and the sampling
    that its makers recommend without thinking.
    """

    system: str | None
    """The rules of the rewriting; None: the model was trained to expand without being told."""
    empty_thought: bool = True
    """Whether the answer is opened with an empty block of thoughts."""
    temperature: float = 0.7
    top_k: int = 20
    top_p: float = 0.8
    max_new_tokens: int = 400

    def __post_init__(self) -> None:
        good = {
            "temperature": self.temperature >= 0,
            "top_k": self.top_k >= 0,
            "top_p": 0 < self.top_p <= 1,
            "max_new_tokens": 0 < self.max_new_tokens < MAX_TOKENS,
        }
        if wrong := [name for name, holds in good.items() if not holds]:
            raise ValueError(
                f"expansion: {wrong[0]} is {getattr(self, wrong[0])}; allowed are temperature and top_k from 0 on, "
                f"top_p over 0 and up to 1, max_new_tokens from 1 to {MAX_TOKENS - 1}"
            )

    @classmethod
    def from_json(cls, values: dict[str, Any] | None) -> Self:
        """From ``tintype.json``; raises :class:`ValueError`."""
        given: dict[str, Any] = {"system": _rules(SYSTEM_PROMPT)} | (values or {})
        if unknown := set(given) - {field.name for field in fields(cls)}:
            raise ValueError(f"expansion: {', '.join(sorted(unknown))} means nothing here")
        try:
            return cls(**given)
        except TypeError as error:
            raise ValueError(f"expansion: {error}") from error

    @property
    def sampling(self) -> Sampling:
        """How each token is chosen."""
        return Sampling(self.temperature, self.top_k, self.top_p)


@dataclass(frozen=True, slots=True)
class Expander:
    """One checkpoint's way to expand prompts."""

    tokenizer: Tokenizer
    encoder: TextEncoder
    how: Expansion
    stop: frozenset[int]
    """Tokens that end an answer."""
    trouble: str | None = None
    """Why no prompt can be expanded, and what to do; None: it can."""

    def expand(self, prompt: str, seed: int) -> Iterator[Words | Expanded]:
        """Write ``prompt`` anew: every piece when it is there, and at last :class:`Expanded`.

        The same prompt and seed give the same text on the same device.

        Raises:
            InputRefused: this checkpoint cannot.
        """
        if self.trouble is not None:
            raise _not_supported(self.trouble)
        started = time.perf_counter()
        if len(self.tokenizer.prompt_ids(prompt)) >= MAX_TOKENS:
            yield Expanded(prompt, 0.0, f"it fills the {MAX_TOKENS} tokens that are read of a prompt")
            return
        ids: list[int] = []
        text = ""
        for token in self._tokens(prompt, seed):
            ids.append(token)
            longer = self.tokenizer.text(ids)
            if longer != text and not longer.endswith("\ufffd"):  # a letter of several tokens waits for its last
                yield Words(longer[len(text) :])
                text = longer
            if goes_in_circles(ids):
                break
        new = " ".join(self.tokenizer.text(ids).split())
        if goes_in_circles(ids):
            trouble = "the text goes round in circles"
        else:
            if len(ids) == self.how.max_new_tokens:
                new = whole_sentences(new)
            trouble = complaint(prompt, new)
        yield Expanded(prompt if trouble else new, time.perf_counter() - started, trouble)

    def _tokens(self, prompt: str, seed: int) -> Iterator[int]:
        how = self.how
        ids = self.tokenizer.expansion_ids(prompt, how.system, empty_thought=how.empty_thought)
        generator = torch.Generator("cpu").manual_seed(seed % 2**64)
        return generate(self.encoder, ids, how.sampling, generator, self.stop, how.max_new_tokens)


def with_rules(how: Expansion, file: Path | None) -> Expansion:
    """``how`` with the operator's rules instead of its own, unless it was trained without; raises SetupError."""
    if file is None:
        return how
    try:
        rules = _rules(file)
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"expansion_prompt_file {file} cannot be read: {error}") from error
    if not rules:
        raise SetupError(f"expansion_prompt_file {file} is empty; it must hold the rules for rewriting prompts")
    return how if how.system is None else replace(how, system=rules)


def stop_tokens(folder: Path, tokenizer: Tokenizer) -> frozenset[int]:
    """The tokens that end an answer: the tokenizer's, and those that the configuration in ``folder`` names."""
    found = tokenizer.control_ids(*END_TOKENS)
    for name in ("generation_config.json", "config.json"):
        if (file := folder / name).is_file():
            named: int | list[int] | None = json.loads(file.read_text()).get("eos_token_id")
            found |= set(named if isinstance(named, list) else [] if named is None else [named])
    return frozenset(found)


def goes_in_circles(ids: list[int]) -> bool:
    """Whether ``ids`` end with one passage several times over."""
    for length in range(1, LONGEST_PASSAGE + 1):
        span = max(TIMES_OVER * length, LOOP_TOKENS)
        if len(ids) >= span and ids[-span + length :] == ids[-span:-length]:
            return True
    return False


def complaint(prompt: str, new: str) -> str:
    """What is wrong with ``new`` as an expansion of ``prompt``; empty if nothing is."""
    if not new:
        return "no whole sentence was written"
    for quote in QUOTED.finditer(prompt):
        text = next(group for group in quote.groups() if group is not None)
        if _plain(text) not in _plain(new):
            return f'the text "{text}" was lost'
    return ""


def whole_sentences(text: str) -> str:
    """``text`` without what follows its last whole sentence."""
    whole = SENTENCES.match(text)
    return whole[0] if whole else ""


def _plain(text: str) -> str:
    """As the tokenizer reads it, and on one line as expansions are."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _rules(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip()


def _not_supported(reason: str) -> InputRefused:
    where = ["body", "enable_prompt_expansion"]
    return InputRefused([{"type": "feature_not_supported", "loc": where, "msg": reason, "input": True}])
