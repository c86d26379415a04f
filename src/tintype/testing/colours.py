"""What stands for a picture where there is no model: one flat colour."""

import hashlib


def colour(prompt: str, seed: int) -> bytes:
    """Three bytes of RGB that tell the picture of ``prompt`` and ``seed`` from every other one."""
    return hashlib.sha256(f"{prompt}|{seed}".encode()).digest()[:3]


def is_flagged(prompt: str, check: bool) -> bool:
    """Whether a safety checker that is asked finds something: where the prompt has the word ``nsfw``."""
    return check and "nsfw" in prompt.split()


def picture(prompt: str, seed: int, pixels: int, flagged: bool) -> bytes:
    """So many pixels of RGB; black if flagged."""
    return (bytes(3) if flagged else colour(prompt, seed)) * pixels
