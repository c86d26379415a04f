"""Tensors in, pixels out. Knows no jobs, no HTTP, no settings."""
