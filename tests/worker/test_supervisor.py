"""Whatever goes wrong around a job, the job ends, and ends once."""

import asyncio
import errno
import re
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from tintype import messages
from tintype.core import CancelOutcome, Job, Result, State, Terms
from tintype.errors import ServiceRefused, SetupError
from tintype.files import FileStore
from tintype.store import Store
from tintype.store.leases import LEASE
from tintype.worker.engine_process import EngineDied

from .scripted import ScriptedEngine, Workplace, cannot_start, dies, paints, waits, workplace


class FullDisk(FileStore):
    """Keeps one file and no more."""

    async def put(self, key: str, data: bytes) -> None:
        if list(Path(self._folder or ".").rglob("*.png")):
            raise OSError(errno.ENOSPC, "No space left on device")
        await super().put(key, data)


class AbsentNowAndThen(Store):
    """A database that is away twice for each kind of statement of a worker."""

    def _refuse(self, verb: str) -> None:
        self.__dict__.setdefault("refused", {}).setdefault(verb, 0)
        self.__dict__["refused"][verb] += 1
        if self.__dict__["refused"][verb] <= 2:
            raise ServiceRefused(503, f"no database for {verb}", "internal_error")

    async def claim(self, worker_id: str, limit: int) -> list[Job]:
        self._refuse("claim")
        return await super().claim(worker_id, limit)

    async def renew(self, worker_id: str, lease_seconds: float) -> set[str]:
        self._refuse("renew")
        return await super().renew(worker_id, lease_seconds)

    async def log(self, job: Job, lines: Any) -> bool:
        self._refuse("log")
        return await super().log(job, lines)

    async def finish(self, job: Job, result: Result, lines: Any = ()) -> bool:
        self._refuse("finish")
        return await super().finish(job, result, lines)


class AwayForAWhile(Store):
    """A database that is away for longer than half a lease, once."""

    async def renew(self, worker_id: str, lease_seconds: float) -> set[str]:
        if self.__dict__.setdefault("back_at", time.time() + LEASE / 2 + 1) > time.time():
            raise ServiceRefused(503, "no database for renew", "internal_error")
        return await super().renew(worker_id, lease_seconds)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


def test_a_job_is_painted_and_its_file_kept(tmp_path: Path) -> None:
    async def test() -> None:
        async with workplace(tmp_path, ScriptedEngine(paints)) as here:
            await here.submit("a", images=2)
            job = await here.ended("a")
            assert job.state is State.DONE
            assert job.result is not None
            assert [image.key for image in job.result.images] == here.files() == ["a/1/0.png", "a/1/1.png"]
            assert here.announced == [here.status]

    run(test())


def flags_the_second(engine: ScriptedEngine, wish: messages.Generate) -> None:
    for image in range(wish.images):
        black = bytes(wish.width * wish.height * 3)
        engine.report(messages.PictureDone(wish.job_id, image, wish.width, wish.height, black, flagged=image == 1))
    engine.report(messages.Finished(wish.job_id, 0.02))


def test_what_the_safety_checker_said_is_in_the_result_and_in_the_log(tmp_path: Path) -> None:
    async def test() -> None:
        engine = ScriptedEngine(flags_the_second)
        async with workplace(tmp_path, engine) as here:
            await here.submit("a", images=3)
            job = await here.ended("a")
            assert job.result is not None
            assert job.result.flagged == (False, True, False)
            lines = [line.message for line in await here.store.logs("a")]
            assert [line for line in lines if "flagged" in line] == [
                "image 2/3 is black: the safety checker flagged it"
            ]
            (wish,) = engine.commands
            assert isinstance(wish, messages.Generate)
            assert wish.check

    run(test())


def test_a_full_disk_fails_the_job_keeps_no_file_and_leaves_the_next_one_alone(tmp_path: Path) -> None:
    async def test() -> None:
        async with workplace(tmp_path, ScriptedEngine(paints), files_type=FullDisk) as here:
            await here.submit("a", images=3)
            await here.submit("b")
            job = await here.ended("a")
            assert job.state is State.FAILED
            assert job.failure is not None
            assert (job.failure.status, job.failure.error_type) == (500, "internal_error")
            assert (await here.ended("b")).state is State.DONE
            assert here.files() == ["b/1/0.png"]

    run(test())


def test_a_failed_job_keeps_no_file_that_would_end_later_either(tmp_path: Path) -> None:
    async def test() -> None:
        async with workplace(tmp_path, ScriptedEngine(paints), files_type=FullDisk) as here:
            for name in ("a", "b"):
                await here.submit(name, images=2 if name == "a" else 1, terms=Terms(media_seconds=3600))
                await here.ended(name)
            [file] = here.files()
            assert re.fullmatch(r"until/\d+/b/1/0\.png", file)

    run(test())


def test_a_full_disk_and_a_dead_engine_at_once_still_end_the_job(tmp_path: Path) -> None:
    def paints_and_goes(engine: ScriptedEngine, wish: Any) -> None:
        paints(engine, wish)
        engine.alive = False

    async def test() -> None:
        async with workplace(tmp_path, ScriptedEngine(paints_and_goes, paints), files_type=FullDisk) as here:
            await here.submit("a", images=2)
            assert (await here.ended("a")).state is State.FAILED
            await here.submit("b")
            assert (await here.ended("b")).state is State.DONE

    run(test())


def test_a_database_that_goes_away_costs_time_and_nothing_else(tmp_path: Path) -> None:
    async def test() -> None:
        async with workplace(tmp_path, ScriptedEngine(paints), store_type=AbsentNowAndThen) as here:
            await here.submit("a")
            job = await here.ended("a")
            assert (job.state, job.attempt) == (State.DONE, 1)
            assert not here.worker.done()

    run(test())


def test_an_engine_that_dies_is_replaced_and_the_job_painted_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with workplace(tmp_path, ScriptedEngine(dies, paints)) as here:
            await here.submit("a")
            job = await here.ended("a")
            assert (job.state, job.attempt) == (State.DONE, 2)
            assert here.files() == ["a/2/0.png"]

    run(test())


def test_a_job_that_kills_every_engine_fails_and_the_next_is_painted(tmp_path: Path) -> None:
    async def test() -> None:
        async with workplace(tmp_path, ScriptedEngine(dies, dies, paints), max_attempts=2) as here:
            await here.submit("poison")
            await here.submit("b")
            job = await here.ended("poison")
            assert job.failure is not None
            assert (job.failure.status, job.failure.error_type) == (503, "runner_disconnected")
            assert (await here.ended("b")).state is State.DONE
            assert here.files() == ["b/1/0.png"]

    run(test())


def test_an_engine_that_dies_while_idle_is_replaced_before_it_costs_a_job_an_attempt(tmp_path: Path) -> None:
    async def test() -> None:
        async with workplace(tmp_path, ScriptedEngine(paints), max_attempts=1) as here:
            await here.submit("a")
            await here.ended("a")
            here.engine.alive = False
            await here.submit("b")
            job = await here.ended("b")
            assert (job.state, job.attempt) == (State.DONE, 1)

    run(test())


def test_a_running_job_is_cancelled_and_the_next_painted(tmp_path: Path) -> None:
    async def test() -> None:
        async with workplace(tmp_path, ScriptedEngine(waits, paints)) as here:
            await here.submit("a")
            await here.running("a")
            assert await here.store.cancel("a") is CancelOutcome.REQUESTED
            assert (await here.ended("a")).state is State.CANCELLED
            await here.submit("b")
            assert (await here.ended("b")).state is State.DONE

    run(test())


def test_a_stopped_worker_gives_its_job_back(tmp_path: Path) -> None:
    async def test() -> None:
        async with workplace(tmp_path, ScriptedEngine(waits)) as here:
            await here.submit("a")
            await here.running("a")
            here.worker.cancel()
            await asyncio.gather(here.worker, return_exceptions=True)
            job = await here.store.get("a")
            assert job is not None
            assert job.state is State.QUEUED

    run(test())


@pytest.mark.parametrize("failure", [cannot_start(), EngineDied("exit status 1")])
def test_an_engine_that_never_starts_is_the_operators_to_mend(tmp_path: Path, failure: Exception) -> None:
    async def test() -> None:
        async with workplace(tmp_path, ScriptedEngine(paints, starts=(failure,))) as here:
            with pytest.raises(ExceptionGroup) as raised:
                await here.worker
            assert raised.group_contains(SetupError)

    run(test())


def test_an_engine_that_cannot_start_again_is_tried_until_it_can(tmp_path: Path) -> None:
    async def seen_failed(here: Workplace) -> None:
        async with asyncio.timeout(10):
            while here.status.state != "failed":
                await asyncio.sleep(0.02)

    async def test() -> None:
        engine = ScriptedEngine(dies, paints, starts=(None, cannot_start(), None))
        async with workplace(tmp_path, engine) as here:
            await here.submit("a")
            await seen_failed(here)
            assert here.status.phase == "no such model"
            job = await here.ended("a")
            assert (job.state, job.attempt) == (State.DONE, 2)

    run(test())


@pytest.mark.parametrize(
    ("store_type", "seconds", "left"), [(Store, 3, State.QUEUED), (AwayForAWhile, 8, State.RUNNING)]
)
def test_jobs_are_taken_from_the_dead_but_not_from_who_could_not_renew_either(
    tmp_path: Path, store_type: type[Store], seconds: float, left: State
) -> None:
    async def test() -> None:
        async with workplace(tmp_path, ScriptedEngine(waits), store_type=store_type) as here:
            await here.submit("mine")
            await here.running("mine")
            await here.submit("theirs")
            await here.store.register("other", "host", "cpu")
            assert [job.id for job in await here.store.claim("other", 1)] == ["theirs"]
            await Store.renew(here.store, "other", 0)
            await asyncio.sleep(seconds)
            job = await here.store.get("theirs")
            assert job is not None
            assert job.state is left

    run(test())
