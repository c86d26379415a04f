"""Small pictures of the steps: kept for a job that wants them, before its watcher hears of the step."""

import asyncio
import io
import os
import time
from dataclasses import replace
from pathlib import Path

from PIL import Image

from tintype import messages
from tintype.core import Job, LogLine, Params, Result, Terms
from tintype.files import PREVIEWS, FileStore, preview_key
from tintype.store import Bus, Store
from tintype.testing import FakePainter
from tintype.worker.painting import paint
from tintype.worker.status import EngineStatus
from tintype.worker.tidy import tidy

from .scripted import ScriptedEngine

PARAMS = Params("x", 8, 8, 2, 0, 1, "png", False, "none", True, False)
JOB = Job(id="a", account="local", params=PARAMS, attempt=1)
WATCHED = replace(JOB, terms=Terms(previews=True))
FIRST, SECOND = preview_key("a", 1, 0, 1), preview_key("a", 1, 0, 2)


class NoRoomForPreviews(FileStore):
    """Keeps pictures, but no previews."""

    async def put(self, key: str, data: bytes, *, durable: bool = True) -> None:
        if key.startswith(PREVIEWS):
            raise OSError("No space left on device")
        await super().put(key, data, durable=durable)


def two_steps(engine: ScriptedEngine, wish: messages.Generate) -> None:
    preview = messages.Preview(4, 2, bytes(4 * 2 * 3)) if wish.previews else None
    for step in (1, 2):
        engine.report(messages.StepDone(wish.job_id, 0, step, 2, 0.01, preview))
    engine.report(messages.PictureDone(wish.job_id, 0, 8, 8, bytes(8 * 8 * 3)))
    engine.report(messages.Finished(wish.job_id, 0.02))


async def painted(job: Job, files: FileStore, folder: Path) -> list[tuple[str, list[str]]]:
    """Every line of the job's log, and which previews could be read when it was written."""
    seen: list[tuple[str, list[str]]] = []

    def say(line: LogLine) -> None:
        seen.append((line.message.split(",")[0], [key for key in (FIRST, SECOND) if (folder / key).is_file()]))

    engine = ScriptedEngine(two_steps)
    await engine.start(print)
    painted = await paint(job, PARAMS, engine, EngineStatus(), files, say)
    assert isinstance(await painted.outcome(), Result)
    return seen[2:]  # the first two tell of the job


def test_a_preview_is_there_before_the_line_that_tells_of_its_step(tmp_path: Path) -> None:
    async def test() -> None:
        files = FileStore(str(tmp_path))
        seen = await painted(WATCHED, files, tmp_path)
        assert seen == [("step 1/2", [FIRST]), ("step 2/2", [FIRST, SECOND]), ("image 1/1 saved", [FIRST, SECOND])]
        picture = Image.open(io.BytesIO(await files.get(FIRST) or b""))
        assert (picture.format, picture.size) == ("JPEG", (4, 2))

    asyncio.run(test())


def test_nobody_watches_nothing_is_kept(tmp_path: Path) -> None:
    seen = asyncio.run(painted(JOB, FileStore(str(tmp_path)), tmp_path))
    assert seen == [("step 1/2", []), ("step 2/2", []), ("image 1/1 saved", [])]


def test_a_preview_that_cannot_be_kept_costs_no_picture(tmp_path: Path) -> None:
    seen = asyncio.run(painted(WATCHED, NoRoomForPreviews(str(tmp_path)), tmp_path))
    assert [line for line, _ in seen] == ["step 1/2", "step 2/2", "image 1/1 saved"]


def test_keys_sort_by_attempt_image_and_step() -> None:
    positions = [(1, 0, 2), (1, 0, 10), (1, 1, 1), (2, 0, 1), (10, 0, 1)]
    keys = [preview_key("a", *position) for position in positions]
    assert keys == sorted(keys)


def test_the_painter_without_a_model_keeps_previews_too(tmp_path: Path) -> None:
    async def test() -> None:
        store, files = await Store.open(f"sqlite:///{tmp_path}/jobs.db", Bus()), FileStore(str(tmp_path / "files"))
        painter = FakePainter(store, Bus(), files)
        for job in (WATCHED, replace(JOB, id="b")):
            await store.submit(replace(job, attempt=0))
            (claimed,) = await store.claim(painter.worker, 1)
            await painter.paint(claimed)
        assert await files.keys(PREVIEWS) == [FIRST, SECOND]
        await store.close()

    asyncio.run(test())


def test_previews_are_forgotten_after_ten_minutes_and_pictures_are_not(tmp_path: Path) -> None:
    async def test() -> None:
        store, files = await Store.open(f"sqlite:///{tmp_path}/jobs.db", Bus()), FileStore(str(tmp_path / "files"))
        for key, minutes in ((FIRST, 11), (SECOND, 9), ("a/1/0.png", 11)):
            await files.put(key, b"x")
            then = time.time() - minutes * 60
            os.utime(tmp_path / "files" / key, (then, then))
        tidying = asyncio.create_task(tidy(store, files, inline_seconds=60, keep_days=1))
        await until_gone(files, FIRST)
        tidying.cancel()
        assert await files.keys("") == ["a/1/0.png", SECOND]
        await store.close()

    asyncio.run(test())


async def until_gone(files: FileStore, key: str) -> None:
    async with asyncio.timeout(10):
        while await files.get(key) is not None:
            await asyncio.sleep(0.01)
