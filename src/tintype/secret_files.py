"""Small files that others must not read, written whole: keys, secrets, certificates."""

import os
import secrets
from pathlib import Path


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace ``path`` in one move; its mode is set before it has content, and it is on disk before it has the name."""
    _written_beside(path, content, mode).replace(path)


def make(path: Path, content: bytes) -> bytes:
    """Write ``path`` unless it is there, perhaps since a moment ago; what it holds then."""
    beside = _written_beside(path, content, 0o600)
    try:
        os.link(beside, path)  # fails if it exists
    except FileExistsError:
        pass
    finally:
        beside.unlink()
    return path.read_bytes()


def _written_beside(path: Path, content: bytes, mode: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # a name that leads to an unwritten file would lose every key
    return beside
