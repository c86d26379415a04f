"""A real engine child that expands prompts; and one whose text encoder cannot write, which paints and refuses."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from tests.worker.test_engine_process import WISH, painted
from tintype import messages, models
from tintype.worker.engine_process import EngineProcess

ONE_STEP = replace(WISH, steps=1)


@pytest.fixture
def torn(tmp_path: Path) -> Path:
    """Postcard, the last shard of its text encoder torn as the published one of Z-Image-Turbo is."""
    folder = shutil.copytree(models.POSTCARD, tmp_path / "postcard")
    file = folder / "text_encoder" / "model.safetensors"
    tensors = load_file(file)
    last = max(name.split(".")[2] for name in tensors if name.startswith("model.layers."))
    weight = tensors[f"model.layers.{last}.mlp.up_proj.weight"]
    weight.view(-1)[1000 : weight.numel() // 2] = 0
    save_file(tensors, file, metadata={"format": "pt"})
    return folder


def test_it_says_so_refuses_and_paints(torn: Path) -> None:
    async def test() -> None:
        phases: list[str] = []
        engine = EngineProcess(torn, "cpu", threads=1)
        await engine.start(phases.append)
        engine.send(replace(WISH, job_id="b", expand=True))
        refused = await engine.hear(60)
        assert isinstance(refused, messages.Failed)
        assert refused.failure.status == 422
        [detail] = refused.failure.detail
        assert isinstance(detail, dict)
        assert detail["type"] == "feature_not_supported"
        assert "mlp.up_proj.weight" in detail["msg"]
        assert "tintype pull" in detail["msg"]
        assert detail["msg"] in phases
        assert isinstance((await painted(engine, ONE_STEP))[-2], messages.PictureDone)
        await engine.stop()

    asyncio.run(test())


def test_a_real_child_expands_and_stops_between_two_words() -> None:
    async def test() -> None:
        engine = EngineProcess(models.POSTCARD, "cpu", threads=1)
        await engine.start(lambda _: None)
        wish = replace(ONE_STEP, prompt="a red house at night", expand=True)
        reports = await painted(engine, wish)
        words = [report.text for report in reports if isinstance(report, messages.Words)]
        [end] = [report for report in reports if isinstance(report, messages.Expanded)]
        assert "".join(words) == end.prompt
        assert [type(report).__name__ for report in reports[len(words) :]] == [
            *("Expanded", "StepDone", "PictureDone", "Finished")
        ]

        engine.send(replace(wish, job_id="b"))
        heard = [await engine.hear(60)]
        engine.send(messages.Cancel("b"))
        while not isinstance(heard[-1], messages.Stopped | messages.Finished):
            heard.append(await engine.hear(60))
        assert heard[-1] == messages.Stopped("b")
        assert not any(isinstance(report, messages.PictureDone) for report in heard)
        await engine.stop()

    asyncio.run(test())
