import asyncio
import time

import pytest
from sqlalchemy import insert, select

from tintype.core import CancelOutcome, Job, Kind, LogLine, State, Terms
from tintype.errors import CANCELLED, WORKER_LOST
from tintype.store import Bus, Store
from tintype.store.database import Transaction
from tintype.store.submissions import PURGE_BATCH
from tintype.store.tables import as_row, attempts, jobs

from .jobs import RESULT, new_job

pytestmark = pytest.mark.anyio


async def start(store: Store, worker: str, **fields: object) -> Job:
    await store.submit(new_job(**fields))
    [job] = await store.claim(worker, 1)
    return job


async def state(store: Store, job: Job) -> State:
    stored = await store.get(job.id)
    assert stored is not None
    return stored.state


async def test_reaping_spares_the_living(store: Store):
    await store.register("w", "host", "cuda:0")
    job = await start(store, "w")
    assert await store.reap(3) == 0
    assert await state(store, job) is State.RUNNING


async def test_the_jobs_of_a_dead_worker_are_queued_again(store: Store, bus: Bus):
    await store.register("dead", "host", "cuda:0")
    await store.register("alive", "host", "cuda:1")
    lost, kept = await start(store, "dead"), await start(store, "alive")
    await store.renew("dead", 0)
    with bus.subscribe("work") as work, bus.subscribe(lost.id) as changes:
        assert await store.reap(3) == 1
        assert await work.wait(0)
        assert await changes.wait(0)
    assert [await state(store, job) for job in (lost, kept)] == [State.QUEUED, State.RUNNING]
    assert not await store.finish(lost, RESULT)
    [again] = await store.claim("alive", 1)
    assert (again.id, again.attempt) == (lost.id, 2)


async def test_a_job_that_loses_its_worker_too_often_fails(store: Store):
    await store.register("w", "host", "cuda:0")
    job = await start(store, "w")
    await store.renew("w", 0)
    assert await store.reap(1) == 1
    stored = await store.get(job.id)
    assert stored is not None
    assert (stored.state, stored.failure) == (State.FAILED, WORKER_LOST)


async def test_an_unwanted_job_of_a_dead_worker_is_cancelled(store: Store):
    await store.register("w", "host", "cuda:0")
    job = await start(store, "w")
    await store.cancel(job.id)
    await store.renew("w", 0)
    assert await store.reap(3) == 1
    stored = await store.get(job.id)
    assert stored is not None
    assert (stored.state, stored.failure) == (State.CANCELLED, CANCELLED)


async def test_a_claim_by_a_worker_nobody_knows_is_reaped(store: Store):
    job = await start(store, "stranger")
    assert await store.reap(3) == 1
    assert await state(store, job) is State.QUEUED


async def test_many_reapers_take_each_job_once(store: Store):
    for _ in range(20):
        await start(store, "stranger")
    assert sum(await asyncio.gather(*(store.reap(3) for _ in range(6)))) == 20


async def test_a_worker_that_was_given_up_may_come_back(store: Store):
    await store.register("w", "host", "cuda:0")
    await store.renew("w", 0)
    await store.reap(3)
    assert await store.renew("w", 10) == set()
    job = await start(store, "w")
    assert await store.reap(3) == 0
    assert await store.finish(job, RESULT)


async def test_renewing_without_having_registered_is_an_error(store: Store):
    with pytest.raises(LookupError):
        await store.renew("stranger", 10)


async def test_a_retiring_worker_gives_its_jobs_back(store: Store):
    await store.register("w", "host", "cuda:0")
    job = await start(store, "w")
    await store.retire("w")
    assert await state(store, job) is State.QUEUED
    with pytest.raises(LookupError):
        await store.renew("w", 10)


async def test_registering_again_is_harmless(store: Store):
    await store.register("w", "host", "cuda:0")
    await store.register("w", "host", "cuda:1")
    assert await store.renew("w", 10) == set()


async def test_recovering_queues_what_ran_and_fails_what_nobody_waits_for(store: Store):
    await store.register("w", "host", "cuda:0")
    ran, unwanted = await start(store, "w"), await start(store, "w")
    await store.cancel(unwanted.id)
    sync_ran = await start(store, "w", kind=Kind.SYNC)
    done = await start(store, "w")
    await store.finish(done, RESULT)
    waited, sync_waited = await store.submit(new_job()), await store.submit(new_job(kind=Kind.SYNC))

    assert await store.recover(3) == 3

    everything = (ran, unwanted, sync_ran, done, waited, sync_waited)
    assert [await state(store, job) for job in everything] == [
        State.QUEUED,
        State.CANCELLED,
        State.FAILED,
        State.DONE,
        State.QUEUED,
        State.FAILED,
    ]
    for job in (sync_ran, sync_waited):
        stored = await store.get(job.id)
        assert stored is not None
        assert stored.failure is not None
        assert (stored.failure.status, stored.failure.error_type) == (503, "runner_disconnected")
        assert stored.finished_at is not None
    assert await store.recover(3) == 0


async def test_every_attempt_is_on_record(store: Store):
    await store.register("one", "host", "cuda:0")
    job = await start(store, "one")
    await store.requeue(job, 3, "engine died")
    [job] = await store.claim("two", 1)
    await store.finish(job, RESULT)
    columns = select(attempts.c.attempt, attempts.c.worker, attempts.c.outcome, attempts.c.ended_at)
    rows = (await store.database.run(lambda t: t.execute(columns.order_by(attempts.c.attempt)))).all()
    assert [tuple(row)[:3] for row in rows] == [(1, "one", "engine died"), (2, "two", "done")]
    assert all(row.ended_at is not None for row in rows)


async def test_purging_forgets_what_is_over_and_old(store: Store):
    old, waiting = await start(store, "w"), await start(store, "w")
    await store.finish(old, RESULT)
    ended = await store.get(old.id)
    assert ended is not None
    assert ended.finished_at is not None
    assert await store.old_jobs(ended.finished_at) == []
    assert await store.old_jobs(ended.finished_at + 0.001) == [old.id]
    await store.purge([old.id])
    assert await store.get(old.id) is None
    assert await state(store, waiting) is State.RUNNING


async def test_purging_takes_any_number_and_what_belongs_to_them(store: Store):
    logged = await start(store, "w")
    await store.log(logged, [LogLine("started")])
    await store.finish(logged, RESULT)
    over = {"state": State.CANCELLED, "created_at": 1.0, "finished_at": 2.0}
    rows = [as_row(new_job()) | over for _ in range(2 * PURGE_BATCH + 1)]
    await store.database.run(lambda transaction: transaction.execute(insert(jobs), rows))
    purged: list[str] = []
    while old := await store.old_jobs(1e12):
        purged += old
        await store.purge(old)
    assert sorted(purged) == sorted([logged.id, *(row["id"] for row in rows)])
    assert sum((await store.counts()).values()) == 0
    assert await store.logs(logged.id) == []


async def test_workers_are_forgotten_when_their_lease_ran_out_long_ago(store: Store):
    for worker in ("gone", "alive"):
        await store.register(worker, "host", "cuda:0")
    await store.renew("gone", -100)
    await store.forget_workers(time.time() - 50)
    await store.renew("alive", 10)
    with pytest.raises(LookupError):
        await store.renew("gone", 10)


async def test_a_job_that_was_started_in_time_may_wait_when_it_is_queued_again(store: Store):
    job = await start(store, "w", terms=Terms(start_seconds=0.2))
    await asyncio.sleep(0.3)
    await store.requeue(job, 3, "engine died")
    assert await store.expire() == []
    [again] = await store.claim("w", 1)
    assert again.id == job.id


async def test_a_cancel_whose_answer_was_lost_is_asked_for_again(store: Store, bus: Bus):
    job = await store.submit(new_job())
    assert await store.cancel(job.id) is CancelOutcome.REQUESTED
    assert await store.cancel(job.id) is CancelOutcome.ALREADY_COMPLETED

    async def again(transaction: Transaction) -> CancelOutcome:
        transaction.repeated = True
        return await Store.cancel.__wrapped__(store, transaction, job.id)  # pyright: ignore

    with bus.subscribe("owed") as owed:
        assert await store.database.run(again) is CancelOutcome.REQUESTED
        assert await owed.wait(0)
