"""The tokenizer: a byte-level BPE learnt from our own captions, in the files transformers expects."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

from captions import caption, describe
from scene import Difficulty, random_scene

SIZE = 1024
CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
# Exactly what the pipeline asks for: one user turn, then the opening of the answer.
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
CONFIG = {
    "tokenizer_class": "Qwen2Tokenizer",
    "model_max_length": 2048,
    "add_prefix_space": False,
    "clean_up_tokenization_spaces": False,
    "errors": "replace",
    "split_special_tokens": False,
    "bos_token": None,
    "eos_token": "<|im_end|>",
    "pad_token": "<|endoftext|>",
    "unk_token": None,
    "chat_template": CHAT_TEMPLATE,
}


def prompt(text: str) -> str:
    """A user's turn and the opening of the answer: what the pipeline encodes."""
    return f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"


def learn(folder: Path, texts: int = 30_000) -> None:
    """Learn the vocabulary and write `tokenizer.json`, `vocab.json`, `merges.txt` and the configuration."""
    rng = Random(0)
    bpe = tokenizers.Tokenizer(models.BPE())
    bpe.normalizer = normalizers.NFC()
    # Words lose their capitals in captions only half the time, so both spellings earn tokens.
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE,
        special_tokens=list(CONTROL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )

    def corpus():
        for _ in range(texts):
            scene, said = random_scene(rng, Difficulty())
            yield prompt(caption(scene, said, rng)) + describe(scene, rng) + "<|im_end|>"

    bpe.train_from_iterator(corpus(), trainer)
    folder.mkdir(parents=True, exist_ok=True)
    bpe.save(str(folder / "tokenizer.json"))
    bpe.model.save(str(folder))
    (folder / "tokenizer_config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
