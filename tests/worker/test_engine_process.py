"""A real engine child, with the bundled model."""

import asyncio
import signal
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tintype import messages, models
from tintype.engine.precision import has_bf16
from tintype.errors import SetupError
from tintype.worker.engine_process import EngineDied, EngineProcess

WISH = messages.Generate("a", "a house", 512, 512, steps=2, seed=0, images=1)


async def painted(engine: EngineProcess, wish: messages.Generate = WISH) -> list[messages.Report]:
    engine.send(wish)
    reports = [await engine.hear(60)]
    while not isinstance(reports[-1], messages.Finished):
        reports.append(await engine.hear(60))
    return reports


def previews(reports: list[messages.Report]) -> list[messages.Preview | None]:
    return [report.preview for report in reports if isinstance(report, messages.StepDone)]


def test_a_child_that_hangs_is_ended_and_another_paints_the_same_watched_or_not() -> None:
    async def test() -> None:
        phases: list[str] = []
        engine = EngineProcess(models.POSTCARD, "cpu")
        ready = await engine.start(phases.append)
        assert (ready.model, ready.device) == ("postcard", "cpu")
        assert ready.dtype == ("bfloat16" if has_bf16() else "float32")
        assert phases[0].startswith("memory: all networks on the device; at most 0.")
        assert phases[1:] == ["loading postcard onto cpu", "warming up"]
        reports = await painted(engine)
        assert [type(report).__name__ for report in reports] == ["StepDone", "StepDone", "PictureDone", "Finished"]
        assert engine.pid is not None
        hung = psutil.Process(engine.pid)
        hung.send_signal(signal.SIGSTOP)
        engine.send(WISH)
        with pytest.raises(EngineDied, match="reported nothing for"):
            await engine.hear(0.5)
        again = await engine.start(phases.append)
        assert not hung.is_running()
        assert phases[3:] == phases[:3], "the same plan, whatever is free now"
        assert again.memory == ready.memory
        watched = await painted(engine, replace(WISH, previews=True))
        assert previews(reports) == [None, None]
        assert [(preview.width, preview.height) for preview in previews(watched) if preview] == [(256, 256)] * 2
        assert watched[2] == reports[2]
        await engine.stop()
        with pytest.raises(EngineDied):
            engine.check()

    asyncio.run(test())


def test_a_wish_to_cancel_that_is_repeated_holds_nobody_up() -> None:
    async def test() -> None:
        engine = EngineProcess(models.POSTCARD, program="tintype.testing.engine")
        await engine.start(print)
        for _ in range(2):  # a second attempt at the same job can be cancelled too
            engine.send(replace(WISH, prompt="slow:2"))
            started = time.monotonic()
            for _ in range(1000):  # more than a pipe holds
                engine.send(messages.Cancel("a"))
            assert time.monotonic() - started < 1, "the child looks up after two seconds"
            assert await engine.hear(60) == messages.Stopped("a")
        await engine.stop()

    asyncio.run(test())


@pytest.mark.parametrize(
    ("device", "words"), [("cuda:9", "'cuda:9' cannot be used"), ("banana", "'banana' cannot be used")]
)
def test_a_device_that_is_not_there_is_named(device: str, words: str) -> None:
    async def test() -> None:
        engine = EngineProcess(models.POSTCARD, device)
        with pytest.raises(SetupError, match=words):
            await engine.start(print)
        await engine.stop()

    asyncio.run(test())


def test_a_model_that_does_not_fit_is_refused_with_the_numbers() -> None:
    async def test() -> None:
        engine = EngineProcess(models.POSTCARD, "cpu", memory=0.3)
        with pytest.raises(SetupError, match=r"postcard does not fit: .* 0\.\d\d GB on cpu, and 0\.30 GB may be taken"):
            await engine.start(print)
        await engine.stop()

    asyncio.run(test())


def test_a_folder_that_is_no_model_is_named(tmp_path: Path) -> None:
    async def test() -> None:
        engine = EngineProcess(tmp_path)
        with pytest.raises(SetupError, match="not found"):
            await engine.start(print)
        await engine.stop()

    asyncio.run(test())
