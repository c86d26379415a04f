"""Files that are there after a power cut: what says that others are complete must not outlive them."""

import os
from pathlib import Path


def flush(path: Path) -> None:
    """Have the content of a file, or the names in a folder, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def keep(path: Path) -> None:
    """Have a file on the disk, and its name."""
    flush(path)
    flush(path.parent)


def replace(path: Path, text: str) -> None:
    """Write ``path`` whole or not at all."""
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(text)
    flush(beside)
    beside.replace(path)
    flush(path.parent)
