"""The recipe goes from nothing to a checkpoint that loads, paints and can be judged."""

import re
import subprocess
import sys
from pathlib import Path

from tintype.engine.pipeline import Picture, Pipeline

TRAINING = Path(__file__).parents[2] / "training"


def recipe(*options: str | Path, script: str = "postcard.py") -> str:
    command = [sys.executable, TRAINING / script, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_command_makes_a_loadable_checkpoint_from_nothing(tmp_path: Path) -> None:
    recipe("--quick", "--seconds", "2", "--work", tmp_path)
    pipeline = Pipeline.load(tmp_path / "checkpoint")
    trained = {path.stem for path in tmp_path.glob("*.pt")}
    assert {"language", "diffusion", "decoder", "encoder", "checker"} <= trained
    *_, last = pipeline.paint("a red sailboat on a calm sea at sunset", 300, 200, steps=2, seed=1)
    assert isinstance(last, Picture)
    assert last.pixels.shape == (200, 300, 3)
    assert last.pixels.std() > 1, "a picture of one colour would prove nothing"
    said = recipe("--measure", "--count", "2", "--seconds", "2", "--work", tmp_path)
    assert "2 held-out captions, one picture each" in said
    assert re.search(r"^\| kind, or nothing \| 2 \| \d\.\d\d \|", said, re.MULTILINE)
    options = ("--checkpoint", tmp_path / "checkpoint", "--count", "2", "--seconds", "2", "--work", tmp_path)
    assert re.search(r"^\| shows the same kind \| \d \| 2 \|", recipe(*options, script="richer.py"), re.MULTILINE)
