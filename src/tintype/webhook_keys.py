"""The keys that sign webhooks: ``<home>/webhook-keys.json``, readable by its owner only.

There are three: the current one signs, the previous one did before, the next one will. All are published, so a receiver
that remembers the published keys for a day (fal allows it) already knows a new one when it begins to sign.
"""

import base64
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tintype import secret_files
from tintype.errors import SetupError

NAMES = ("current", "next", "previous")


class WebhookKeys:
    """The keys of one home folder, made when they are first needed. They are read anew each time, so a running server
    follows a rotation at once."""

    def __init__(self, home: Path) -> None:
        self._path = home / "webhook-keys.json"

    def sign(self, message: bytes) -> bytes:
        """The ED25519 signature of ``message`` by the current key."""
        return self._read()["current"].sign(message)

    def published(self) -> list[bytes]:
        """The public keys, 32 bytes each: whatever was or will be signed verifies with one of them."""
        return [key.public_key().public_bytes_raw() for key in self._read().values()]

    def rotate(self) -> None:
        """The next key begins to sign, the current one becomes the previous, and the previous is forgotten."""
        keys = self._read()
        self._write({"current": keys["next"], "next": Ed25519PrivateKey.generate(), "previous": keys["current"]})

    def _read(self) -> dict[str, Ed25519PrivateKey]:
        try:
            text = self._path.read_text()
        except FileNotFoundError:
            return self._write({name: Ed25519PrivateKey.generate() for name in ("current", "next")})
        try:
            stored = json.loads(text)
            keys = {name: _private(stored[name]) for name in NAMES if name in stored}
            if not {"current", "next"} <= set(keys):
                raise ValueError("a key is missing")
        except (ValueError, TypeError) as error:
            raise SetupError(
                f"{self._path} is damaged ({error}); mend it, or delete it: new keys are made, which receivers of "
                "webhooks must fetch"
            ) from error
        return keys

    def _write(self, keys: dict[str, Ed25519PrivateKey]) -> dict[str, Ed25519PrivateKey]:
        texts = {name: base64.b64encode(key.private_bytes_raw()).decode() for name, key in keys.items()}
        secret_files.replace(self._path, json.dumps(texts, indent=1).encode())
        return keys


def _private(text: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True))
