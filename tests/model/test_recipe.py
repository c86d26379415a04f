"""Training goes on from the shipped checkpoint without losing anything of it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tintype.models import POSTCARD

RECIPE = Path(__file__).parents[2] / "training" / "postcard.py"


def contents(folder: Path) -> tuple[dict[Path, bytes], dict]:
    """All files but `tintype.json`, and what that says: its fitted preview may differ in the last digits."""
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return files, json.loads(files.pop(folder / "tintype.json"))


def test_states_made_from_the_checkpoint_export_to_the_same_checkpoint(tmp_path: Path) -> None:
    target = shutil.copytree(POSTCARD, tmp_path / "checkpoint")
    shipped, about = contents(target)
    command = [sys.executable, RECIPE, "--from-shipped", "--export", "--work", tmp_path / "work", "--target", target]
    subprocess.run(command, check=True, timeout=300)
    again, about_again = contents(target)
    assert again == shipped
    preview, preview_again = about.pop("preview"), about_again.pop("preview")
    assert about_again == about
    assert preview_again["bias"] == pytest.approx(preview["bias"], abs=0.002)
    for factors_again, factors in zip(preview_again["factors"], preview["factors"], strict=True):
        assert factors_again == pytest.approx(factors, abs=0.002)
    states = {path.name for path in (tmp_path / "work").glob("*.pt")}
    assert states == {"language.pt", "decoder.pt", "diffusion.pt", "encoder.pt", "checker.pt"}
