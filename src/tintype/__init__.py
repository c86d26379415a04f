"""Tintype: the fal-ai/z-image/turbo API on your own machine."""

__version__ = "0.1.0"
