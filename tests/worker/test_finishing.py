"""A job is finished beside the next one, and none is lost or done twice when something ends meanwhile."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from tintype import messages
from tintype.core import CancelOutcome, State
from tintype.files import FileStore
from tintype.worker.finishing import PATIENCE

from .scripted import ScriptedEngine, Workplace, dies, paints, waits, workplace


class SlowDisk(FileStore):
    """Keeps no picture of the job ``a`` before it may."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.may = asyncio.Event()

    async def put(self, key: str, data: bytes, *, durable: bool = True) -> None:
        if key.startswith("a/"):
            await self.may.wait()
        await super().put(key, data, durable=durable)


class Disks:
    """Makes the workplace's file store, and keeps it for the test."""

    def __call__(self, location: str) -> FileStore:
        self.disk = SlowDisk(location)
        return self.disk


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


def given(engine: ScriptedEngine) -> list[str]:
    """The jobs that the engine was given, in that order."""
    return [command.job_id for command in engine.commands if isinstance(command, messages.Generate)]


async def state(here: Workplace, name: str) -> tuple[State, int]:
    job = await here.store.get(name)
    assert job is not None
    return job.state, job.attempt


def test_the_next_job_is_painted_while_the_last_one_is_written_and_no_further_one(tmp_path: Path) -> None:
    async def test() -> None:
        engine, disks = ScriptedEngine(paints), Disks()
        async with workplace(tmp_path, engine, files_type=disks) as here:
            for name in ("a", "b", "c"):
                await here.submit(name)
            await until(lambda: given(engine) == ["a", "b"])
            await asyncio.sleep(0.2)
            assert given(engine) == ["a", "b"], "two are painted and not written: that is enough in memory"
            assert await state(here, "a") == (State.RUNNING, 1)
            assert await state(here, "c") == (State.QUEUED, 0)
            disks.disk.may.set()
            for name in ("a", "b", "c"):
                assert (await here.ended(name)).state is State.DONE
            assert given(engine) == ["a", "b", "c"]

    asyncio.run(test())


def test_an_engine_that_dies_over_the_next_job_costs_the_painted_one_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        engine, disks = ScriptedEngine(paints, dies, paints), Disks()
        async with workplace(tmp_path, engine, files_type=disks) as here:
            await here.submit("a")
            await here.submit("b")
            await until(lambda: given(engine) == ["a", "b", "b"])
            assert await state(here, "a") == (State.RUNNING, 1)
            disks.disk.may.set()
            for name, attempt in (("a", 1), ("b", 2)):
                job = await here.ended(name)
                assert (job.state, job.attempt) == (State.DONE, attempt)
            assert here.files() == ["a/1/0.png", "b/2/0.png"]

    asyncio.run(test())


def test_an_engine_that_dies_with_nothing_more_to_paint_costs_nothing(tmp_path: Path) -> None:
    def paints_and_goes(engine: ScriptedEngine, wish: messages.Generate) -> None:
        paints(engine, wish)
        engine.alive = False

    async def test() -> None:
        engine, disks = ScriptedEngine(paints_and_goes, paints), Disks()
        async with workplace(tmp_path, engine, files_type=disks) as here:
            await here.submit("a")
            await until(lambda: not engine.alive)
            await until(lambda: engine.alive)
            assert await state(here, "a") == (State.RUNNING, 1)
            disks.disk.may.set()
            assert (await here.ended("a")).attempt == 1

    asyncio.run(test())


def test_the_next_job_can_be_cancelled_meanwhile(tmp_path: Path) -> None:
    async def test() -> None:
        engine, disks = ScriptedEngine(paints, waits), Disks()
        async with workplace(tmp_path, engine, files_type=disks) as here:
            await here.submit("a")
            await here.submit("b")
            await until(lambda: given(engine) == ["a", "b"])
            assert await here.store.cancel("b") is CancelOutcome.REQUESTED
            await until(lambda: messages.Cancel("b") in engine.commands)
            disks.disk.may.set()
            assert (await here.ended("a")).state is State.DONE
            assert (await here.ended("b")).state is State.CANCELLED

    asyncio.run(test())


def test_a_stopping_worker_finishes_what_is_painted_and_gives_back_the_rest(tmp_path: Path) -> None:
    async def test() -> None:
        engine, disks = ScriptedEngine(paints, waits), Disks()
        async with workplace(tmp_path, engine, files_type=disks) as here:
            await here.submit("a")
            await here.submit("b")
            await until(lambda: given(engine) == ["a", "b"])
            here.worker.cancel()
            await until(lambda: not engine.alive)
            disks.disk.may.set()
            await asyncio.gather(here.worker, return_exceptions=True)
            assert await state(here, "a") == (State.DONE, 1)
            assert await state(here, "b") == (State.QUEUED, 1)

    asyncio.run(test())


def test_a_stopping_worker_finishes_two_that_are_painted(tmp_path: Path) -> None:
    async def test() -> None:
        engine, disks = ScriptedEngine(paints), Disks()
        async with workplace(tmp_path, engine, files_type=disks) as here:
            for name in ("a", "b", "c"):
                await here.submit(name)
            await until(lambda: given(engine) == ["a", "b"])
            here.worker.cancel()
            await until(lambda: not engine.alive)
            disks.disk.may.set()
            await asyncio.gather(here.worker, return_exceptions=True)
            assert [await state(here, name) for name in ("a", "b")] == [(State.DONE, 1)] * 2
            assert await state(here, "c") == (State.QUEUED, 0)

    asyncio.run(test())


def test_a_stopping_worker_does_not_wait_for_ever_and_gives_back_both(tmp_path: Path) -> None:
    async def test() -> None:
        engine, disks = ScriptedEngine(paints, waits), Disks()
        async with workplace(tmp_path, engine, files_type=disks) as here:
            await here.submit("a")
            await here.submit("b")
            await until(lambda: given(engine) == ["a", "b"])
            here.worker.cancel()
            async with asyncio.timeout(PATIENCE + 5):
                await asyncio.gather(here.worker, return_exceptions=True)
            assert await state(here, "a") == (State.QUEUED, 1)
            assert await state(here, "b") == (State.QUEUED, 1)
            assert here.files() == []

    asyncio.run(test())
