"""A prompt that was read before is not read again."""

from tintype.engine.networks import Networks

PROMPTS = 64
"""Prompts that are kept; of Z-Image Turbo one of 128 tokens takes 1 MB."""


def apply(networks: Networks) -> None:
    """Keep the caption tokens of the latest prompts."""
    networks.remembered_captions = PROMPTS
