import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tintype.errors import SetupError
from tintype.signatures import Signer


@pytest.mark.parametrize("value", ["", "a/b.png", "schlüssel", "with\nnewline", "x" * 2000])
def test_a_token_gives_its_value_back_and_stands_in_an_address(tmp_path: Path, value: str) -> None:
    token = Signer(tmp_path).token("upload", value, 60)
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
    assert Signer(tmp_path).read("upload", token) == value


def test_it_counts_for_its_purpose_and_its_time_only(tmp_path: Path) -> None:
    signer = Signer(tmp_path)
    assert signer.read("realtime", signer.token("upload", "x", 60)) is None
    assert signer.read("upload", signer.token("upload", "x", -1)) is None
    token = signer.token("upload", "x", 0.5)
    assert signer.read("upload", token) == "x"
    time.sleep(int(token.partition(".")[0]) - time.time() + 0.01)
    assert signer.read("upload", token) is None


def test_no_other_letter_may_differ(tmp_path: Path) -> None:
    signer = Signer(tmp_path)
    token = signer.token("upload", "value", 60)
    for at, letter in enumerate(token):
        assert signer.read("upload", token[:at] + ("A" if letter != "A" else "B") + token[at + 1 :]) is None
        assert signer.read("upload", token[:at] + token[at + 1 :]) is None


@pytest.mark.parametrize(
    "token", ["", ".", "..", "...", "1.a.b", "x.eA.eA", "9999999999.eA.", "é.é.é", "9999999999.=.="]
)
def test_nonsense_is_nobodys(tmp_path: Path, token: str) -> None:
    assert Signer(tmp_path).read("upload", token) is None


def test_another_home_has_another_secret(tmp_path: Path) -> None:
    token = Signer(tmp_path / "one").token("upload", "x", 60)
    assert Signer(tmp_path / "two").read("upload", token) is None


def test_the_secret_is_its_owners_and_made_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda _: Signer(tmp_path / "home").token("upload", "x", 60), range(8)))
    assert all(Signer(tmp_path / "home").read("upload", token) == "x" for token in tokens)
    [file] = (tmp_path / "home").iterdir()
    assert file.name == "secret.key"
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600


def test_a_damaged_secret_is_the_operators_to_mend(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_bytes(b"")
    with pytest.raises(SetupError, match="damaged"):
        Signer(tmp_path).token("upload", "x", 60)
