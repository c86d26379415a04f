"""Several devices: each has its worker, they share the queue, and one does not stop the other."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tintype.core import Job, Params, State
from tintype.errors import SetupError
from tintype.files import FileStore
from tintype.models import device_files
from tintype.store import Bus, Store
from tintype.worker.devices import chosen, threads_of_each
from tintype.worker.status import Engines, EngineStatus
from tintype.worker.workers import Workers

from .scripted import ScriptedEngine, cannot_start, dies, paints, waits


@dataclass
class Shop:
    """A store and its workers."""

    store: Store
    workers: Workers
    running: "asyncio.Task[None]"
    announced: list[Engines] = field(default_factory=list)

    async def submit(self, *names: str) -> None:
        params = Params("x", 8, 8, 1, 0, 1, "png", False, "none", True, False)
        for name in names:
            await self.store.submit(Job(id=name, account="local", params=params))

    async def become(self, name: str, state: State) -> Job:
        async with asyncio.timeout(20):
            while True:
                job = await self.store.get(name)
                assert job is not None
                if job.state is state:
                    return job
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def shop(home: Path, *engines: ScriptedEngine) -> AsyncIterator[Shop]:
    bus, announced = Bus(), list[Engines]()
    store = await Store.open(f"sqlite:///{home}/jobs.db", bus)
    workers = Workers(store, bus, FileStore(str(home / "files")), engines, 3, announced.append)
    running = asyncio.create_task(workers.run())
    try:
        yield Shop(store, workers, running, announced)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await store.close()


def test_two_work_at_once_and_are_told_of_once(tmp_path: Path) -> None:
    async def test() -> None:
        async with shop(tmp_path, ScriptedEngine(waits, paints), ScriptedEngine(waits, paints)) as here:
            await here.submit("a", "b", "c")
            one, other = await here.become("a", State.RUNNING), await here.become("b", State.RUNNING)
            assert one.worker != other.worker
            assert here.announced == [here.workers.engines]
            await here.store.cancel("b")
            third = await here.become("c", State.DONE)
            assert third.worker == other.worker
            assert (await here.become("a", State.RUNNING)).attempt == 1

    asyncio.run(test())


def test_the_job_of_an_engine_that_dies_is_painted_by_whoever_is_free(tmp_path: Path) -> None:
    async def test() -> None:
        broken = ScriptedEngine(dies, starts=(None, cannot_start()))
        async with shop(tmp_path, broken, ScriptedEngine(paints)) as here:
            async with asyncio.timeout(20):
                for number in range(1000):  # until the broken one has had one
                    await here.submit(f"job {number}")
                    job = await here.become(f"job {number}", State.DONE)
                    if job.attempt == 2:
                        break
            assert here.workers.engines.state == "ready"
            assert not here.running.done()

    asyncio.run(test())


def test_a_device_that_cannot_be_used_is_gone_on_without(tmp_path: Path) -> None:
    async def test() -> None:
        async with shop(tmp_path, ScriptedEngine(paints, starts=(cannot_start(),)), ScriptedEngine(paints)) as here:
            await here.submit("a")
            await here.become("a", State.DONE)
            engines = here.workers.engines
            assert [(worker.state, worker.phase) for worker in engines.workers] == [
                ("failed", "no such model"),
                ("ready", "ready"),
            ]
            assert (engines.state, engines.phase) == ("ready", "ready")
            assert here.announced == [engines]

    asyncio.run(test())


def test_no_device_that_can_be_used_is_the_operators_to_mend(tmp_path: Path) -> None:
    async def test() -> None:
        engines = [ScriptedEngine(paints, starts=(cannot_start(),)) for _ in range(2)]
        async with shop(tmp_path, *engines) as here:
            with pytest.raises(ExceptionGroup) as raised:
                await here.running
            assert raised.group_contains(SetupError, match="no such model")
            assert here.announced == []

    asyncio.run(test())


def test_several_engines_are_told_of_as_one() -> None:
    one, other = EngineStatus(device="cuda:0"), EngineStatus(device="cuda:1")
    both = Engines([one, other])
    one.phase = "loading"
    assert (both.state, both.phase) == ("starting", "cuda:0: loading; cuda:1: starting the engine")
    one.state, one.phase = "failed", "no memory"
    assert both.state == "starting"
    other.state, other.phase, other.model = "ready", "ready", "postcard"
    assert (both.state, both.phase, both.model, both.device) == ("ready", "ready", "postcard", "cuda:1")
    one.state = "ready"
    assert both.device == "cuda:0, cuda:1"


def test_the_setting_names_devices_and_the_engine_is_asked_which_there_are() -> None:
    assert chosen("cuda:1") == ["cuda:1"]
    assert chosen("cpu, cpu") == ["cpu", "cpu"]
    done = subprocess.run([sys.executable, "-m", "tintype.engine.devices"], capture_output=True, text=True, check=True)
    *gpus, last = done.stdout.split()
    assert last == "cpu"
    assert chosen("auto") == (gpus if len(gpus) > 1 and gpus[0].startswith("cuda") else ["auto"])


@pytest.mark.parametrize("name", ["nvidia0", "nvidia3", "kfd", "dxg"])
def test_a_gpu_is_told_by_its_drivers_file(tmp_path: Path, name: str) -> None:
    for other in (name, "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / other).touch()
    assert device_files(tmp_path) == [tmp_path / name]


def test_engines_on_the_cpu_share_its_cores() -> None:
    assert threads_of_each(["cpu"], 0) == 0
    assert threads_of_each(["cuda:0", "cuda:1"], 0) == 0
    assert threads_of_each(["cpu", "cpu"], 3) == 3
    for engines in (2, 4):
        each = threads_of_each(["cpu"] * engines, 0)
        assert each == 1 or each * engines <= (os.cpu_count() or 1)
