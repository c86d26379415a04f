"""Kernels made for this model: norms, modulations, rotations and gates fused around the matrix products by Inductor.

Values between fused operations stay in fp32 where the plain model rounds each to bf16.
"""

from tintype.engine.networks import Networks


def apply(networks: Networks) -> None:
    """Compile the transformer's blocks, which share their code, and the decoder; each at its first call."""
    for block in networks.blocks():
        block.compile()  # pyright: ignore[reportUnknownMemberType]
    networks.autoencoder.decoder.compile()  # pyright: ignore[reportUnknownMemberType]
