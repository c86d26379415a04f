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

    def ids(self, text: str) -> list[int]:
        """Ids of ``text``; control tokens written in it are recognised."""
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def text(self, ids: list[int]) -> str:
        """The text of ``ids``, control tokens left out."""
        return self._tokenizer.decode(ids)
