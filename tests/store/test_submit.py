import pytest

from tintype.core import Failure, Job, Kind, State
from tintype.store import Bus, Store

from .jobs import PARAMS, new_job

pytestmark = pytest.mark.anyio


async def test_a_submitted_job_is_returned_as_stored(store: Store):
    job = new_job(kind=Kind.SYNC, priority=1)
    stored = await store.submit(job)
    assert stored == await store.get(job.id)
    assert (stored.id, stored.account, stored.params) == (job.id, "someone", PARAMS)
    assert (stored.kind, stored.priority, stored.state, stored.attempt) == (Kind.SYNC, 1, State.QUEUED, 0)


async def test_time_is_the_databases_and_finer_than_a_second(store: Store):
    times = [(await store.submit(new_job())).created_at for _ in range(20)]
    assert times == sorted(times)
    assert len(set(times)) > 1


async def test_the_same_id_twice_is_one_job(store: Store):
    job = new_job()
    first = await store.submit(job)
    assert await store.submit(new_job(id=job.id, priority=1)) == first
    assert await store.queue_length() == 1


async def test_a_refused_input_is_kept_but_never_run(store: Store):
    failure = Failure(422, [{"loc": ["body", "prompt"], "msg": "Field required", "type": "missing"}])
    stored = await store.submit(new_job(params=None, failure=failure, state=State.FAILED))
    assert (stored.state, stored.failure, stored.params) == (State.FAILED, failure, None)
    assert stored.finished_at is not None
    assert await store.claim("w", 10) == []


async def test_an_unknown_job_is_none(store: Store):
    assert await store.get("nothing") is None
    assert await store.logs("nothing") == []


async def test_position_counts_those_who_come_first(store: Store):
    low = await store.submit(new_job(priority=1))
    first, second = [await store.submit(new_job()) for _ in range(2)]
    assert [await store.position(job) for job in (first, second, low)] == [0, 1, 2]
    await store.claim("w", 1)
    assert [await store.position(job) for job in (first, second, low)] == [0, 0, 1]
    assert await store.queue_length() == 2


async def test_counts_name_every_state(store: Store):
    assert await store.counts() == dict.fromkeys(State, 0)
    for _ in range(3):
        await store.submit(new_job())
    await store.claim("w", 1)
    assert await store.counts() == dict.fromkeys(State, 0) | {State.QUEUED: 2, State.RUNNING: 1}


async def test_submitting_wakes_whoever_waits_for_work(store: Store, bus: Bus):
    with bus.subscribe("work") as work:
        await store.submit(new_job())
        assert await work.wait(0)


async def test_what_was_stored_is_there_after_closing(url: str):
    store = await Store.open(url, Bus())
    job: Job = await store.submit(new_job())
    await store.close()
    store = await Store.open(url, Bus())
    assert await store.get(job.id) == job
    await store.close()
