"""Kernels made for this model: norms, modulations, rotations and gates fused around the matrix products by Inductor.

Values between fused operations stay in fp32 where the plain model rounds each to bf16.

One program serves every size and every length, and it is made here, always for the same shapes. Were programs made for
the sizes that come along, a request would wait for them, PyTorch would stop making them after eight, and a picture's
bytes would depend on what was painted before it.
"""

import importlib.util
import shutil
import sysconfig
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from tintype.engine.networks import Networks
from tintype.model.text_encoder import Cache

INDUCTOR = "inductor"
WIDTH, HEIGHT = 1024, 768
"""What programs are made for, in pixels. Not square, for then they would serve squares only."""
TOKENS = 32
"""Of the prompt."""


def can_compile() -> bool:
    """Whether kernels can be made for a GPU here: Triton compiles a piece of C when it starts."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    headers = Path(sysconfig.get_path("include"), "Python.h").exists()
    return compiler is not None and headers and importlib.util.find_spec("triton") is not None


def apply(networks: Networks, backend: str = INDUCTOR) -> None:
    """Compile the transformer's blocks, which share their code."""
    for block in networks.blocks():
        block.compile(backend=backend, dynamic=True)  # pyright: ignore[reportUnknownMemberType]
    transformer, latents = networks.transformer, usual_latents(networks)
    with torch.inference_mode():
        transformer(latents, torch.zeros(1), latents.new_zeros(1, TOKENS, transformer.config.dim))


def apply_to_decoder(networks: Networks, backend: str = INDUCTOR) -> None:
    """Compile the decoder."""
    networks.autoencoder.decoder.compile(backend=backend, dynamic=True)  # pyright: ignore[reportUnknownMemberType]
    with torch.inference_mode():
        networks.autoencoder.decode(usual_latents(networks))


def apply_to_text(networks: Networks, backend: str = INDUCTOR) -> None:
    """Compile the text encoder's layers for reading a prompt; an expansion is written by the plain ones."""
    encoder = networks.text_encoder
    for layer in encoder.model.layers:
        layer.forward = for_whole_texts(layer.forward, backend)
    with torch.inference_mode():
        encoder(torch.zeros(1, TOKENS, dtype=torch.long, device=encoder.model.norm.weight.device))


def usual_latents(networks: Networks) -> Tensor:
    """Zeros ``[1, C, h, w]`` for the transformer."""
    channels, f = networks.transformer.config.in_channels, networks.autoencoder.config.downsampling
    return next(networks.transformer.parameters()).new_zeros(1, channels, HEIGHT // f, WIDTH // f)


def for_whole_texts(forward: Callable[..., Tensor], backend: str) -> Callable[..., Tensor]:
    """``forward`` of a :class:`~tintype.model.text_encoder.DecoderLayer`, compiled where there is no cache.

    What stands in a cache grows by a token a call, and each would want a program of its own.
    """
    compiled = torch.compile(forward, backend=backend, dynamic=True)  # pyright: ignore[reportUnknownMemberType]

    def read(x: Tensor, cos: Tensor, sin: Tensor, cache: Cache | None = None, layer: int = 0) -> Tensor:
        return compiled(x, cos, sin) if cache is None else forward(x, cos, sin, cache, layer)

    return read
