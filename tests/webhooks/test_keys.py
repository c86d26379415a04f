import json
import os
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.e2e.server import TINTYPE, clean_environment
from tintype.errors import SetupError
from tintype.webhook_keys import WebhookKeys


def verifies(key: bytes, signature: bytes) -> None:
    """InvalidSignature: it is not this key's."""
    Ed25519PublicKey.from_public_bytes(key).verify(signature, b"text")


def test_keys_are_made_when_needed_and_are_the_owners_alone(tmp_path: Path) -> None:
    signature = WebhookKeys(tmp_path).sign(b"text")
    verifies(WebhookKeys(tmp_path).published()[0], signature)
    assert stat.S_IMODE(os.stat(tmp_path / "webhook-keys.json").st_mode) == 0o600


def test_a_key_is_published_before_it_signs_and_after(tmp_path: Path) -> None:
    keys, elsewhere = WebhookKeys(tmp_path), WebhookKeys(tmp_path)
    current, following = keys.published()
    elsewhere.rotate()
    assert keys.published()[0] == following
    assert keys.published()[2] == current
    verifies(following, keys.sign(b"text"))
    elsewhere.rotate()
    assert len(keys.published()) == 3
    assert current not in keys.published()


def test_the_command_line_rotates(tmp_path: Path) -> None:
    _, following = WebhookKeys(tmp_path).published()
    command = [TINTYPE, "webhooks", "rotate", "--home", tmp_path]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=True)
    assert "The next key signs now" in done.stdout
    assert WebhookKeys(tmp_path).published()[0] == following


@pytest.mark.parametrize(
    "text", ["{}x", "{}", "[]", '{"current": "AAAA", "next": "AAAA"}', '{"current": 1, "next": 1}']
)
def test_a_damaged_file_is_said_to_be_so_and_not_replaced(tmp_path: Path, text: str) -> None:
    file = tmp_path / "webhook-keys.json"
    file.write_text(text)
    with pytest.raises(SetupError, match="damaged"):
        WebhookKeys(tmp_path).sign(b"text")
    assert file.read_text() == text


def test_the_file_holds_each_key_by_its_name(tmp_path: Path) -> None:
    keys = WebhookKeys(tmp_path)
    keys.rotate()
    assert list(json.loads((tmp_path / "webhook-keys.json").read_text())) == ["current", "next", "previous"]
