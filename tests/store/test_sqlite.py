"""Many callers share a commit: what that means when it fails."""

import asyncio
import time
from pathlib import Path

import pytest

from tintype.errors import ServiceRefused
from tintype.store import Bus, Store
from tintype.store.database import Transaction

from .jobs import new_job

pytestmark = pytest.mark.anyio


async def busy(_: Transaction) -> None:
    """Long enough for others to queue behind it."""
    time.sleep(0.2)  # noqa: ASYNC251  it is the thread that must be busy


async def test_what_shares_a_commit_is_stored_together(tmp_path: Path):
    store = await Store.open(f"sqlite:///{tmp_path}/jobs.db", Bus())
    jobs = [new_job() for _ in range(20)]
    await asyncio.gather(store.database.run(busy), *(store.submit(job) for job in jobs))
    assert [job.id for job in jobs] == list(await store.lineup(99))
    await store.close()


async def test_one_that_fails_leaves_the_others_alone(tmp_path: Path):
    async def fails(transaction: Transaction) -> None:
        raise KeyError("mine alone")

    store = await Store.open(f"sqlite:///{tmp_path}/jobs.db", Bus())
    first, last = new_job(), new_job()
    _, *results = await asyncio.gather(
        store.database.run(busy),
        store.submit(first),
        store.database.run(fails),
        store.submit(last),
        return_exceptions=True,
    )
    assert isinstance(results[1], KeyError)
    assert list(await store.lineup(9)) == [first.id, last.id]
    await store.close()


async def test_nobody_is_told_of_a_write_that_a_full_disk_undid(tmp_path: Path):
    """SQLite then ends the whole transaction by itself, with what others had written in it."""
    store = await Store.open(f"sqlite:///{tmp_path}/jobs.db", Bus())
    pages = await store.database.inspect(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar())
    await store.database.inspect(lambda c: c.exec_driver_sql(f"PRAGMA max_page_count={pages + 20}"))
    large = {"prompt": "x" * 1_000_000}
    _, *results = await asyncio.gather(
        store.database.run(busy),
        store.submit(new_job()),
        store.submit(new_job(input=large)),
        store.submit(new_job()),
        return_exceptions=True,
    )
    stored = list(await store.lineup(9))
    assert isinstance(results[1], ServiceRefused)
    assert results[1].failure.detail == "The database cannot be used now: database or disk is full"
    assert [result.id for result in results if not isinstance(result, BaseException)] == stored
    assert (await store.submit(new_job())).id in await store.lineup(9), "the thread goes on"
    await store.close()
