"""Tokens that only this server can make: a value, the time until which it counts, and a signature over both.

The secret is ``<home>/secret.key``, readable by its owner only and made at first need. Who deletes it makes every
token that is out invalid, and nothing else.
"""

import base64
import binascii
import hashlib
import hmac
import math
import secrets
import time
from pathlib import Path

from tintype import secret_files
from tintype.errors import SetupError

SECRET_BYTES = 32


class Signer:
    """Signs and reads tokens with the secret of one home folder."""

    def __init__(self, home: Path) -> None:
        self._path = home / "secret.key"
        self._kept: bytes | None = None

    def token(self, purpose: str, value: str, seconds: float) -> str:
        """``value`` in letters that may stand in an address, readable for ``seconds`` and for this purpose only."""
        expires = str(math.ceil(time.time() + seconds))
        return f"{expires}.{_encode(value.encode())}.{_encode(self._mac(purpose, expires, value))}"

    def read(self, purpose: str, token: str) -> str | None:
        """The value of a token of ours that still counts; None for anything else."""
        try:
            expires, coded, signature = token.split(".")
            value = _decode(coded).decode()
            # The signature first: whoever has none is not told about times.
            is_ours = hmac.compare_digest(_decode(signature), self._mac(purpose, expires, value))
            return value if is_ours and time.time() < int(expires) else None
        except ValueError:  # also what base64 and UTF-8 say of nonsense
            return None

    def _mac(self, purpose: str, expires: str, value: str) -> bytes:
        # Neither of the first two holds a newline, so two different triples never read the same.
        return hmac.digest(self._secret(), f"{purpose}\n{expires}\n{value}".encode(), hashlib.sha256)

    def _secret(self) -> bytes:
        if self._kept is None:
            try:
                self._kept = self._path.read_bytes()
            except FileNotFoundError:
                self._kept = secret_files.make(self._path, secrets.token_bytes(SECRET_BYTES))
            if len(self._kept) != SECRET_BYTES:
                raise SetupError(f"{self._path} is damaged; delete it, and another is made")
        return self._kept


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Strict: of two spellings of one token only one is read."""
    data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    if _encode(data) != text:
        raise binascii.Error("not how it was written")
    return data
