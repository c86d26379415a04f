"""What is shipped: built from web/, small, and described by its own tests."""

import gzip
import subprocess
from pathlib import Path

from tests.pages.npm import WEB, command, environment
from tintype.api.pages import FOLDER

LARGEST = 150_000


def run(*arguments: str) -> str:
    done = subprocess.run(
        command(*arguments), cwd=WEB, env=environment(), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_is_committed_is_what_is_built(tmp_path: Path) -> None:
    run("run", "build", "--", "--outDir", str(tmp_path), "--emptyOutDir")
    built = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    shipped = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    assert built.keys() == shipped.keys(), "build them: make pages"
    assert built == shipped


def test_they_are_small() -> None:
    assert sum(len(gzip.compress(path.read_bytes())) for path in FOLDER.iterdir()) < LARGEST


def test_their_logic() -> None:
    run("test")


def test_no_source_is_long() -> None:
    sources = list((WEB / "src").rglob("*.ts*"))
    assert sources
    for path in sources:
        assert path.read_text().count("\n") <= 300, path
        assert path.read_text().startswith("/** "), f"{path} does not say what it knows"
