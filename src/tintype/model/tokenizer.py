"""Words to token ids, through the checkpoint's own ``tokenizer.json``."""

from pathlib import Path

import tokenizers

MAX_TOKENS = 512
"""Captions are cut here, template included, as the reference cuts them."""


class Tokenizer:
    """The text encoder's vocabulary and its chat template for prompts."""

    def __init__(self, folder: Path) -> None:
        """Read ``folder/tokenizer.json``."""
        self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))

    def prompt_ids(self, prompt: str, limit: int = MAX_TOKENS) -> list[int]:
        """Ids of one user turn that asks for ``prompt`` and opens the answer; at most ``limit``.

        A longer prompt loses its tail and the opening of the answer with it, as in the reference pipeline.
        """
        return self.ids(f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n")[:limit]

    def expansion_ids(self, prompt: str, system: str | None = None, *, empty_thought: bool = False) -> list[int]:
        """Ids that ask for ``prompt`` to be written anew: the rules if there are any, the user's turn, the answer.

        Without the two options they are :meth:`prompt_ids`, uncut, of a prompt without control tokens. Control tokens
        that the user wrote are read as the letters they are, so that no prompt ends its own turn.

        Args:
            prompt: what the user typed.
            system: the rules of the rewriting; None: none, for a model that was trained without.
            empty_thought: open the answer with thoughts that are over already, which keeps Qwen3 from thinking.
        """
        rules = self.ids(f"<|im_start|>system\n{system}<|im_end|>\n") if system is not None else []
        answer = "<|im_end|>\n<|im_start|>assistant\n" + ("<think>\n\n</think>\n\n" if empty_thought else "")
        return [*rules, *self.ids("<|im_start|>"), *self._letters(f"user\n{prompt}"), *self.ids(answer)]

    def ids(self, text: str) -> list[int]:
        """Ids of ``text``; control tokens written in it are recognised."""
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def _letters(self, text: str) -> list[int]:
        """Ids of ``text``; control tokens written in it are not recognised."""
        self._tokenizer.encode_special_tokens = True
        try:
            return self.ids(text)
        finally:
            self._tokenizer.encode_special_tokens = False

    def control_ids(self, *names: str) -> set[int]:
        """Ids of those control tokens that the vocabulary has."""
        return {token for name in names if (token := self._tokenizer.token_to_id(name)) is not None}

    def text(self, ids: list[int]) -> str:
        """The text of ``ids``, control tokens left out."""
        return self._tokenizer.decode(ids)
