"""The networks that paint at one level of acceleration, and what a pass may set besides."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Self, TypeVar, cast

from torch import nn

from tintype.model.autoencoder import Autoencoder
from tintype.model.text_encoder import TextEncoder
from tintype.model.transformer import Block, Transformer

M = TypeVar("M", bound=nn.Module)

Skips = Callable[[int], frozenset[int]]
"""Number of steps -> those, from 1, whose prediction is foretold from earlier ones."""


def parts_of(network: nn.Module, kind: type[M]) -> list[tuple[str, M]]:
    """The modules inside ``network`` that are a ``kind``, by name."""
    every = cast("Iterable[tuple[str, nn.Module]]", network.named_modules())
    return [(name, part) for name, part in every if isinstance(part, kind)]


def no_skips(_: int) -> frozenset[int]:
    """Every step calls the transformer."""
    return frozenset()


@dataclass(slots=True)
class Networks:
    """Passes change it in place; without any it is the plain model."""

    text_encoder: TextEncoder
    transformer: Transformer
    autoencoder: Autoencoder
    remembered_captions: int = 0
    """How many prompts' caption tokens are kept."""
    skips: Skips = no_skips

    def blocks(self) -> list[Block]:
        """The transformer's blocks that work at every step, in order."""
        return cast("list[Block]", [*self.transformer.noise_refiner, *self.transformer.layers])

    def beside(self) -> Self:
        """Networks whose transformer can be changed without changing this one's; they share every tensor."""
        shared = {id(tensor): tensor for tensor in [*self.transformer.parameters(), *self.transformer.buffers()]}
        return replace(self, transformer=copy.deepcopy(self.transformer, shared))
