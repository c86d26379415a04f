import asyncio
from dataclasses import replace

import pytest

from tintype.core import CancelOutcome, Failure, Job, LogLine, State
from tintype.errors import CANCELLED, WORKER_LOST
from tintype.store import Bus, Store

from .jobs import RESULT, new_job

pytestmark = pytest.mark.anyio
FAILURE = Failure(500, "The engine failed", "internal_error")


async def submit(store: Store, count: int, priority: int = 0) -> list[str]:
    return [(await store.submit(new_job(priority=priority))).id for _ in range(count)]


async def start(store: Store, worker: str = "w") -> Job:
    await store.submit(new_job())
    [job] = await store.claim(worker, 1)
    return job


async def test_claim_takes_the_oldest_of_the_highest_priority_first(store: Store):
    low = await submit(store, 2, priority=1)
    normal = await submit(store, 2)
    assert [job.id for job in await store.claim("w", 3)] == [*normal, low[0]]
    assert [job.id for job in await store.claim("w", 3)] == [low[1]]
    assert await store.claim("w", 3) == []


async def test_a_claimed_job_runs_for_its_worker(store: Store):
    job = await start(store)
    assert (job.state, job.worker, job.attempt) == (State.RUNNING, "w", 1)
    assert job.started_at is not None
    assert job.started_at >= job.created_at
    assert job == await store.get(job.id)


async def test_concurrent_claims_never_give_one_job_to_two(store: Store):
    ids = await submit(store, 60)

    async def work(worker: str) -> list[str]:
        taken: list[str] = []
        while claimed := await store.claim(worker, 3):
            taken += [job.id for job in claimed]
        return taken

    taken = await asyncio.gather(*(work(f"w{i}") for i in range(8)))
    assert sorted(id for mine in taken for id in mine) == sorted(ids)


async def test_finish_keeps_the_result(store: Store, bus: Bus):
    job = await start(store)
    with bus.subscribe(job.id) as changes:
        assert await store.finish(job, RESULT)
        assert await changes.wait(0)
    stored = await store.get(job.id)
    assert stored is not None
    assert (stored.state, stored.result, stored.failure) == (State.DONE, RESULT, None)
    assert stored.finished_at is not None


async def test_fail_keeps_the_failure(store: Store):
    job = await start(store)
    assert await store.fail(job, FAILURE)
    stored = await store.get(job.id)
    assert stored is not None
    assert (stored.state, stored.result, stored.failure) == (State.FAILED, None, FAILURE)


async def test_a_job_ends_once(store: Store):
    job = await start(store)
    assert await store.finish(job, RESULT)
    ended = await store.get(job.id)
    assert not await store.finish(job, replace(RESULT, seed=8))
    assert not await store.fail(job, FAILURE)
    assert not await store.cancelled(job)
    assert not await store.log(job, [LogLine("late")])
    assert await store.requeue(job, 3, "late") is State.DONE
    assert await store.get(job.id) == ended


async def test_a_stale_attempt_changes_nothing(store: Store):
    stale = await start(store)
    assert await store.requeue(stale, 3, "engine died") is State.QUEUED
    [job] = await store.claim("w", 1)
    assert (job.id, job.attempt) == (stale.id, 2)
    assert not await store.log(stale, [LogLine("late")])
    assert not await store.fail(stale, FAILURE)
    assert not await store.cancelled(stale)
    assert not await store.finish(stale, RESULT)
    assert await store.requeue(stale, 3, "late") is State.RUNNING
    assert not await store.finish(replace(job, worker="other"), RESULT)
    assert await store.finish(job, RESULT)


async def test_only_one_of_many_finishes_wins(store: Store):
    job = await start(store)
    results = [replace(RESULT, seed=seed) for seed in range(10)]
    won = await asyncio.gather(*(store.finish(job, result) for result in results))
    stored = await store.get(job.id)
    assert stored is not None
    assert [result for result, mine in zip(results, won, strict=True) if mine] == [stored.result]


async def test_a_requeued_job_keeps_its_place(store: Store):
    first = await start(store)
    later = await store.submit(new_job())
    assert await store.position(later) == 0
    await store.requeue(first, 3, "engine died")
    waiting = await store.get(first.id)
    assert waiting is not None
    assert (waiting.state, waiting.worker, waiting.started_at) == (State.QUEUED, None, None)
    assert [await store.position(first), await store.position(later)] == [0, 1]


async def test_the_last_attempt_fails(store: Store):
    job = await start(store)
    assert await store.requeue(job, 2, "engine died") is State.QUEUED
    [job] = await store.claim("w", 1)
    assert await store.requeue(job, 2, "engine died") is State.FAILED
    stored = await store.get(job.id)
    assert stored is not None
    assert stored.failure == WORKER_LOST
    assert await store.claim("w", 1) == []


async def test_requeueing_an_unknown_job_is_an_error(store: Store):
    with pytest.raises(LookupError):
        await store.requeue(new_job(worker="w", attempt=1), 3, "?")


async def test_logs_come_in_order_and_from_where_one_stopped(store: Store, bus: Bus):
    job = await start(store)
    with bus.subscribe(job.id) as changes:
        assert await store.log(job, [LogLine("one"), LogLine("two", time=5.5, level="DEBUG", source="ENGINE")])
        assert await changes.wait(0)
    assert await store.log(job, [])
    assert await store.log(job, [LogLine("three")])
    one, two, three = await store.logs(job.id)
    assert two == LogLine("two", time=5.5, level="DEBUG", source="ENGINE")
    assert (one.message, one.level, one.source) == ("one", "INFO", "USER")
    assert job.started_at is not None
    assert one.time >= job.started_at
    assert await store.logs(job.id, after=2) == [three]
    assert await store.logs(job.id, after=3) == []


async def test_concurrent_logs_of_one_job_lose_no_line(store: Store):
    job = await start(store)
    messages = [str(i) for i in range(20)]
    await asyncio.gather(*(store.log(job, [LogLine(message)]) for message in messages))
    assert sorted(line.message for line in await store.logs(job.id)) == sorted(messages)


async def test_cancelling_a_waiting_job_ends_it(store: Store, bus: Bus):
    job = await store.submit(new_job())
    with bus.subscribe(job.id) as changes:
        assert await store.cancel(job.id) is CancelOutcome.REQUESTED
        assert await changes.wait(0)
    stored = await store.get(job.id)
    assert stored is not None
    assert (stored.state, stored.failure, stored.cancel_requested) == (State.CANCELLED, CANCELLED, True)
    assert stored.finished_at is not None
    assert await store.claim("w", 1) == []
    assert await store.cancel(job.id) is CancelOutcome.ALREADY_COMPLETED


async def test_cancelling_a_running_job_asks_its_worker(store: Store, bus: Bus):
    await store.register("w", "host", "cuda:0")
    job = await start(store)
    with bus.subscribe("worker:w") as wishes:
        assert await store.cancel(job.id) is CancelOutcome.REQUESTED
        assert await wishes.wait(0)
    stored = await store.get(job.id)
    assert stored is not None
    assert (stored.state, stored.cancel_requested, stored.failure) == (State.RUNNING, True, None)
    assert await store.renew("w", 10) == {job.id}
    assert await store.cancelled(job)
    stored = await store.get(job.id)
    assert stored is not None
    assert (stored.state, stored.failure) == (State.CANCELLED, CANCELLED)
    assert await store.renew("w", 10) == set()


async def test_a_job_that_is_done_before_its_worker_saw_the_wish_is_done(store: Store):
    job = await start(store)
    await store.cancel(job.id)
    assert await store.finish(job, RESULT)
    assert await store.cancel(job.id) is CancelOutcome.ALREADY_COMPLETED


async def test_cancelling_an_unknown_job_says_so(store: Store):
    assert await store.cancel("nothing") is CancelOutcome.NOT_FOUND


async def test_an_unwanted_job_is_not_queued_again(store: Store):
    job = await start(store)
    await store.cancel(job.id)
    assert await store.requeue(job, 3, "engine died") is State.CANCELLED
    stored = await store.get(job.id)
    assert stored is not None
    assert stored.failure == CANCELLED


async def test_cancel_and_claim_at_once_agree(store: Store):
    ids = await submit(store, 30)
    claims, *outcomes = await asyncio.gather(store.claim("w", 15), *(store.cancel(id) for id in ids))
    assert set(outcomes) == {CancelOutcome.REQUESTED}
    running = {job.id for job in claims}
    for id in ids:
        job = await store.get(id)
        assert job is not None
        assert job.state is (State.RUNNING if id in running else State.CANCELLED)
        assert job.cancel_requested


async def test_a_verb_is_carried_out_though_its_caller_is_cancelled(store: Store):
    job = new_job()
    caller = asyncio.ensure_future(store.submit(job))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    for _ in range(200):
        if await store.get(job.id):
            return
        await asyncio.sleep(0.01)
    pytest.fail("the job was not stored")
