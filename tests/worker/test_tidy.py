"""What the chore of the house deletes, and what it leaves."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tintype.core import Job, State, Upload
from tintype.errors import INTERNAL
from tintype.files import FileStore, ending
from tintype.store import Bus, Store
from tintype.worker.tidy import tidy_once

DAY = 86400.0


async def _bytes() -> AsyncIterator[bytes]:
    yield b"x"


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_what_ended_is_deleted_and_what_did_not_stays(tmp_path: Path, kind: str) -> None:
    async def story() -> None:
        files = FileStore(str(tmp_path / "files") if kind == "folder" else "memory:///")
        store = await Store.open(f"sqlite:///{tmp_path}/jobs.db", Bus())
        past, future = int(time.time()) - 5, int(time.time()) + 3600
        gone = [f"until/{past}/job/1/0.png", f"until/{past}/uploads/x/a.txt"]
        stays = [f"until/{future}/job/1/0.png", "job/1/0.png", f"until/{future}/uploads/x/a.txt", "uploads/x/a.txt"]
        stays.append("parts/x/1")
        for key in gone + stays:
            await files.put_stream(key, _bytes())
            if "uploads" in key:
                end = None if key.startswith("uploads") else float(key.split("/")[1])
                await store.begin_upload(Upload(key, "me", "text/plain", expires_at=end))
                await store.complete_upload(key, 1)
        assert await _left(files, store, keep_days=30, keys=gone + stays) == stays
        assert [key for key in gone + stays if await store.upload(key)] == stays[2:4]
        assert await files.ends() == [future]
        # an upload without an end of its own is kept as long as everything else; one with an end until then
        await asyncio.sleep(0.1)
        assert await _left(files, store, keep_days=0.05 / DAY, keys=stays) == [*stays[:3], stays[4]]
        await store.close()

    asyncio.run(story())


def test_what_was_never_finished_is_deleted_after_a_day(tmp_path: Path) -> None:
    async def story() -> None:
        files = FileStore(str(tmp_path / "files"))
        store = await Store.open(f"sqlite:///{tmp_path}/jobs.db", Bus())
        for key in ("parts/x/1", "parts/y/1"):
            await files.put_stream(key, _bytes())
        left = tmp_path / "files/spool/left-behind"
        left.write_bytes(b"half of it")
        for old in (left, tmp_path / "files/parts/x/1"):
            os.utime(old, (time.time() - DAY - 60,) * 2)
        assert await _left(files, store, keep_days=30, keys=["parts/x/1", "parts/y/1"]) == ["parts/y/1"]
        assert not left.exists()
        await files.put_stream("uploads/x/a.txt", _bytes())
        await store.close()

    asyncio.run(story())


@pytest.mark.parametrize("state", [State.RUNNING, State.DONE])
def test_inline_pictures_stay_until_their_job_is_over_and_a_while(tmp_path: Path, state: State) -> None:
    async def story() -> None:
        files = FileStore(str(tmp_path / "files"))
        store = await Store.open(f"sqlite:///{tmp_path}/jobs.db", Bus())
        job = await store.submit(Job(id="a", account="me", params=None))
        [job] = await store.claim("w", 1)
        keys = ["inline/a/1/0.png", "inline/a/1/1.png", "inline/nobody/1/0.png"]
        for key in keys:
            await files.put(key, b"x")
            os.utime(tmp_path / "files" / key, (time.time() - 4000,) * 2)
        if state is State.DONE:
            await store.cancelled(job)
            os.utime(tmp_path / "files" / keys[1])
        assert await _left(files, store, keep_days=30, keys=keys) == keys[:2]
        os.utime(tmp_path / "files" / keys[1], (time.time() - 4000,) * 2)
        left = await _left(files, store, keep_days=30, keys=keys)
        assert left == ([] if state is State.DONE else keys[:2])
        await store.close()

    asyncio.run(story())


class Away(FileStore):
    """An object store that does not answer at first."""

    answers = False

    async def delete_prefix(self, prefix: str) -> None:
        if not self.answers:
            raise OSError("away")
        await super().delete_prefix(prefix)


def test_a_request_is_forgotten_after_its_files_and_not_before(tmp_path: Path) -> None:
    async def story() -> None:
        files = Away(str(tmp_path / "files"))
        store = await Store.open(f"sqlite:///{tmp_path}/jobs.db", Bus())
        await store.submit(Job(id="a", account="me", params=None, failure=INTERNAL))
        await files.put("a/1/0.png", b"x")
        with pytest.raises(OSError, match="away"):
            await tidy_once(store, files, inline_seconds=3600, keep_days=0)
        assert await store.get("a")
        files.answers = True
        assert await _left(files, store, keep_days=0, keys=["a/1/0.png"]) == []
        assert await store.get("a") is None
        await store.close()

    asyncio.run(story())


async def _left(files: FileStore, store: Store, *, keep_days: float, keys: list[str]) -> list[str]:
    """Which of these files are left when the house has been tidied once."""
    await tidy_once(store, files, inline_seconds=3600, keep_days=keep_days)
    return [key for key in keys if await files.head(key)]


def test_an_end_rounds_up() -> None:
    now = time.time()
    assert now + 60 <= int(ending("x", 60).split("/")[1]) <= now + 62
    assert ending("x", None) == "x"
