"""A prompt that was read before is not read again."""

from tintype.engine.networks import Networks

PROMPTS = 16
"""Prompts that are kept; of Z-Image Turbo the longest takes 4 MB."""


def apply(networks: Networks) -> None:
    """Keep the caption tokens of the latest prompts."""
    networks.remembered_captions = PROMPTS
