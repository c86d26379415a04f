"""How many bytes a checkpoint takes: its networks by their files' headers, their work by formulas.

Nothing is loaded. The formulas count the tensors that are alive at the worst moment of the plain networks;
``tests/engine/test_forecast.py`` holds them against what a process really takes.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch

from tintype.engine import safety, weights
from tintype.engine.checkpoint import NETWORKS, Checkpoint
from tintype.engine.passes import captions
from tintype.engine.sizes import canvas_for
from tintype.errors import SetupError
from tintype.model.tokenizer import MAX_TOKENS
from tintype.model.transformer import padded
from tintype.published import SAFETY_FOLDER

BLOCK = re.compile(r"(?:model\.)?((?:layers|noise_refiner|context_refiner)\.\d+)\.")
"""The beginning of the names of one block's tensors: what is streamed, is streamed block by block."""
TABLE = "embed_tokens.weight"
EIGHT_BIT = re.compile(r".*\.(attention|feed_forward)\.\w+(\.0)?\.weight")
"""The matrices of the transformer that 8-bit passes shrink: a byte for each weight, and a scale for each row."""
DECODER_MAPS = 4.25
"""So many of the decoder's widest maps are alive at once, in its last upsampling: the input, a quarter as large; the
convolution's input and output; and both once more, as the library lays them out for itself."""
BLOCK_MAPS = 16
"""So many maps of tokens by width are alive at once in a block: 3 of the feed-forward, 8 / 3 as wide each, the block's
input twice, normalised and summed; in bf16 the same bytes are the fp32 copies of the rotation."""
LETTERS_PER_TOKEN = 3
"""A token of the rules for expansion has at least so many bytes on average."""


@dataclass(frozen=True, slots=True)
class Network:
    """The bytes of one network's parameters, in the dtype it runs in."""

    total: int
    blocks: int = 0
    """Of them, in blocks."""
    largest: int = 0
    """In the largest block."""
    table: int = 0
    """In the table of embeddings."""
    eight_bit: int = 0
    """In all, if the blocks' matrices have 8 bits."""

    @classmethod
    def of(cls, shapes: Mapping[str, tuple[int, ...]], size: int) -> Self:
        """From the tensors' names and shapes, and the bytes of one number."""
        total, table, saved = 0, 0, 0
        blocks: dict[str, int] = {}
        for name, shape in shapes.items():
            if name in weights.TIED:
                continue
            numbers = math.prod(shape)
            total += numbers * size
            if name.endswith(TABLE):
                table = numbers * size
            if block := BLOCK.match(name):
                blocks[block[1]] = blocks.get(block[1], 0) + numbers * size
                if EIGHT_BIT.fullmatch(name) and len(shape) == 2:
                    saved += numbers * (size - 1) - 4 * shape[0]
        return cls(total, sum(blocks.values()), max(blocks.values(), default=0), table, total - saved)


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one checkpoint needs in one dtype."""

    checkpoint: Checkpoint
    size: int
    """Bytes of one number."""
    text_encoder: Network
    transformer: Network
    autoencoder: Network
    checker: Network

    @classmethod
    def of(cls, checkpoint: Checkpoint, dtype: torch.dtype, *, checks: bool) -> Self:
        """From the headers of the checkpoint's files; with ``checks`` the safety checker counts, if there is one.

        Raises:
            SetupError: a file is damaged.
        """
        folder, size = checkpoint.folder, dtype.itemsize
        parts: dict[str, int] = dict.fromkeys(NETWORKS, size)
        if checks and safety.is_here(folder):
            parts[SAFETY_FOLDER] = torch.float32.itemsize
        networks: dict[str, Network] = {}
        for part, bytes_each in parts.items():
            try:
                headers = [weights.header(file) for file in weights.files(folder / part)]
            except weights.WeightsError as error:
                raise SetupError(str(error)) from error
            shapes = {name: shape for header in headers for name, (_, shape) in header.items()}
            networks[part] = Network.of(shapes, bytes_each)
        encoder, transformer, autoencoder, *checker = networks.values()
        return cls(checkpoint, size, encoder, transformer, autoencoder, checker[0] if checker else Network(0))

    def work(self, pixels: int) -> int:
        """The most bytes that painting a picture of ``pixels`` takes beside the parameters, at its worst moment."""
        pixels = self.painted(pixels)
        return max(self.reading(), self.denoising(pixels), self.decoding(pixels))

    def painted(self, pixels: int) -> int:
        """How many pixels the networks paint for a picture of ``pixels``."""
        checkpoint = self.checkpoint
        if checkpoint.sizes is None:
            return pixels
        multiple = checkpoint.autoencoder_config.downsampling * checkpoint.transformer_config.patch
        canvases = [canvas_for(width, height, multiple, checkpoint.sizes) for width, height in checkpoint.sizes]
        return max(canvas.width * canvas.height for canvas in canvases)

    def captions(self) -> int:
        """The captions that are remembered, if all are of the longest texts."""
        return captions.PROMPTS * padded(MAX_TOKENS) * self.checkpoint.transformer_config.dim * self.size

    def reading(self) -> int:
        """The text encoder at its longest text, an expansion: all keys and values, one layer's work, logits."""
        config, how = self.checkpoint.text_encoder_config, self.checkpoint.expansion
        tokens = MAX_TOKENS + how.max_new_tokens + len((how.system or "").encode()) // LETTERS_PER_TOKEN
        cache = 2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim * tokens
        layer = tokens * (3 * config.intermediate_size + 6 * config.hidden_size)
        return (cache + layer) * self.size + 2 * config.vocab_size * torch.float32.itemsize

    def denoising(self, pixels: int) -> int:
        """One block of the transformer over the image's tokens and the longest caption's."""
        config = self.checkpoint.transformer_config
        side = self.checkpoint.autoencoder_config.downsampling * config.patch
        tokens = padded(pixels // side**2) + padded(MAX_TOKENS)
        return BLOCK_MAPS * tokens * config.dim * self.size

    def decoding(self, pixels: int) -> int:
        """The last block of the decoder, which has the full size and comes in at the width of the one before."""
        widths = self.checkpoint.autoencoder_config.block_out_channels
        return int(DECODER_MAPS * max(widths[:2]) * pixels * self.size)
