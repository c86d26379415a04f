"""The text encoder learns to write without changing what the transformer reads; what it then writes."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file

from expansion import answer, terse
from scene import richness
from tests.training.test_quick import recipe
from tintype.engine.pipeline import Pipeline
from tintype.models import POSTCARD


def test_training_on_a_shipped_text_encoder_keeps_its_features_bit_for_bit(tmp_path: Path) -> None:
    had = json.loads((POSTCARD / "tintype.json").read_text())["trained"]["language"]["seconds"]
    recipe("--from-shipped", "--only", "language", "--seconds", str(had + 3), "--work", tmp_path)
    before = load_file(POSTCARD / "text_encoder" / "model.safetensors")
    after = torch.load(tmp_path / "language.pt")["average"]
    changed = {name for name, weight in before.items() if not torch.equal(weight.float(), after[name])}
    last = f"model.layers.{len({name.split('.')[2] for name in before if '.layers.' in name}) - 1}."
    assert changed
    assert all(name.startswith(last) or name == "model.norm.weight" for name in changed), changed


def test_postcard_says_more_than_it_was_told_and_keeps_that() -> None:
    expander = Pipeline.load(POSTCARD).expander
    answers = [answer(expander, asked, seed) for seed, asked in enumerate(terse(60, seed=1))]
    assert all(each.scene is not None and not each.loops for each in answers)
    kept = sum(each.asked.is_kept(each.scene) for each in answers)
    assert kept >= 0.9 * len(answers)
    roomy = [each for each in answers if each.asked.leaves_room]
    richer = sum(each.scene is not None and richness(each.scene) > richness(each.asked.scene) for each in roomy)
    assert richer > 0.85 * len(roomy)
