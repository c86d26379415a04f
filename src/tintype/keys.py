"""API keys: ``<home>/keys.json``, readable by its owner only, holding hashes of the secrets and not the secrets."""

import hashlib
import hmac
import json
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from tintype import secret_files
from tintype.errors import SetupError

LOCAL = "local"
"""The account of everyone while there are no keys."""

PROXY = "proxy"
"""The account of whoever needs no key on the proxy path (setting ``proxy_without_key``); no key has this id."""

Scope = Literal["API", "ADMIN"]
"""What a key is good for: calling models, or that and seeing and managing everything over the Platform API."""


@dataclass(frozen=True, slots=True)
class Key:
    """One API key, without its secret."""

    id: str
    name: str
    secret_sha256: str
    created_at: float
    """Seconds since 1970."""
    scope: Scope = "API"
    """Files of before there were scopes do not have it: those keys were made to call models."""


class Keys:
    """The keys of one home folder. Changes made by another process are seen at once."""

    def __init__(self, home: Path) -> None:
        self._path = home / "keys.json"
        self._seen: tuple[int, int] | None = None
        self._keys: dict[str, Key] = {}

    def create(self, name: str, scope: Scope = "API") -> str:
        """Make a key and return ``id:secret``; the secret is kept nowhere."""
        key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        made = Key(key_id, name, _hash(secret), time.time(), scope)
        self._write({**self._read(), key_id: made})
        return f"{key_id}:{secret}"

    def list(self) -> list[Key]:
        """Every key, oldest first."""
        return sorted(self._read().values(), key=lambda key: key.created_at)

    def revoke(self, key_id: str) -> bool:
        """Delete a key; False if there is none of this id."""
        keys = dict(self._read())
        found = keys.pop(key_id, None) is not None
        if found:
            self._write(keys)
        return found

    def account(self, authorization: str | None) -> str | None:
        """Whose request this is, from its ``Authorization`` header; None: nobody's whom we know.

        Without any keys (allowed on loopback only) everyone is :data:`LOCAL`. fal's clients send ``Key id:secret`` or
        ``Bearer id:secret``.
        """
        keys = self._read()
        if not keys:
            return LOCAL
        scheme, _, credentials = (authorization or "").strip().partition(" ")
        key_id, _, secret = credentials.strip().partition(":")
        key = keys.get(key_id)
        if scheme.lower() not in ("key", "bearer"):
            return None
        # compared also for an unknown id, so that the time taken does not tell which ids exist
        matches = hmac.compare_digest(_hash(secret), key.secret_sha256 if key else _hash(""))
        return key.id if key and matches else None

    def knows(self, account: str) -> bool:
        """Whether ``account`` may still ask: its key was not revoked, or there are still no keys."""
        keys = self._read()
        return account in keys if keys else account == LOCAL

    def is_admin(self, account: str) -> bool:
        """Whether ``account`` may see and manage everything: its key says so, or there are no keys at all."""
        keys = self._read()
        return keys[account].scope == "ADMIN" if account in keys else not keys and account == LOCAL

    def _read(self) -> dict[str, Key]:
        try:
            state = self._path.stat()
        except FileNotFoundError:
            self._seen, self._keys = None, {}
            return self._keys
        seen = (state.st_mtime_ns, state.st_ino)
        if seen != self._seen:
            try:
                self._keys = {row["id"]: Key(**row) for row in json.loads(self._path.read_text())}
            except (ValueError, TypeError, KeyError) as error:
                raise SetupError(
                    f"{self._path} is damaged ({error}); mend it, or delete it and make new keys"
                ) from error
            self._seen = seen
        return self._keys

    def _write(self, keys: dict[str, Key]) -> None:
        secret_files.replace(self._path, json.dumps([asdict(key) for key in keys.values()], indent=1).encode())


def _hash(secret: str) -> str:
    """Secrets are 256 random bits, so a plain hash cannot be guessed backwards."""
    return hashlib.sha256(secret.encode()).hexdigest()
