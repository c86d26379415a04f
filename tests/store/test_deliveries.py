import asyncio
import time
from dataclasses import replace

import pytest

from tintype.core import Failure, Job, State, Terms, Webhook
from tintype.store import Bus, Store
from tintype.store.bus import OWED
from tintype.store.deliveries import INTERRUPTED, Delivery, DeliveryState, Try

from .jobs import RESULT, new_job

pytestmark = pytest.mark.anyio

HOOK = Terms(webhook=Webhook("http://receiver.example/hook?a=b", "http://localhost:8000"))
REFUSED = Failure(422, [{"type": "missing", "loc": ["body", "prompt"], "msg": "Field required", "input": {}}])


async def hooked(store: Store, **fields: object) -> Job:
    return await store.submit(new_job(terms=HOOK, **fields))


async def finished(store: Store, **fields: object) -> Job:
    job = await hooked(store, **fields)
    [job] = await store.claim("w", 1)
    assert await store.finish(job, RESULT)
    return job


async def only(store: Store, job: Job) -> Delivery:
    [delivery] = await store.deliveries(job_id=job.id)
    return delivery


async def listed(store: Store, **which: object) -> list[str]:
    return [delivery.job.id for delivery in await store.deliveries(**which)]


async def test_nothing_is_owed_before_the_job_is_over_and_then_it_is(store: Store):
    await store.submit(new_job())
    job = await hooked(store)
    assert await store.owed(9) == []
    for claimed in await store.claim("w", 2):
        assert await store.owed(9) == []
        await store.finish(claimed, RESULT)
    [(owed, n)] = await store.owed(9)
    assert (owed.id, owed.terms, owed.state, owed.result, n) == (job.id, HOOK, State.DONE, RESULT, 1)
    assert await store.owed(9) == [], "it is leased"


async def end_by_refusing(store: Store) -> None:
    await hooked(store, params=None, failure=REFUSED)


async def end_by_cancelling_while_queued(store: Store) -> None:
    await store.cancel((await hooked(store)).id)


async def end_by_cancelling_while_running(store: Store) -> None:
    await hooked(store)
    [job] = await store.claim("w", 1)
    await store.cancelled(job)


async def end_by_failing(store: Store) -> None:
    await hooked(store)
    [job] = await store.claim("w", 1)
    await store.fail(job, REFUSED)


async def end_by_losing_the_worker(store: Store) -> None:
    await hooked(store)
    await store.claim("stranger", 1)
    await store.reap(1)


async def end_by_starting_too_late(store: Store) -> None:
    await store.submit(new_job(terms=replace(HOOK, start_seconds=-1.0)))
    await store.expire()


@pytest.mark.parametrize(
    "end",
    [
        end_by_refusing,
        end_by_cancelling_while_queued,
        end_by_cancelling_while_running,
        end_by_failing,
        end_by_losing_the_worker,
        end_by_starting_too_late,
    ],
)
async def test_however_a_job_ends_its_webhook_is_told_and_somebody_is_woken(store: Store, bus: Bus, end):
    with bus.subscribe(OWED) as wake:
        await end(store)
        assert await wake.wait(0)
    [(job, n)] = await store.owed(9)
    assert job.state.is_final
    assert n == 1


async def test_a_delivery_that_was_taken_is_owed_no_more(store: Store):
    job = await finished(store)
    before = time.time()
    [(_, n)] = await store.owed(1)
    await store.tried(job.id, Try(n, 0.0, seconds=0.25, status=204), None)
    delivery = await only(store, job)
    assert (delivery.state, delivery.due) == (DeliveryState.DELIVERED, None)
    [made] = delivery.tries
    assert (made.n, made.seconds, made.status, made.error) == (1, 0.25, 204, None)
    assert abs(made.time - before) < 10
    assert await store.owed(1, lease_seconds=0) == []


async def test_a_failed_try_is_followed_by_another_at_its_time(store: Store):
    job = await finished(store)
    await store.owed(1)
    await store.tried(job.id, Try(1, 0.0, 0.1, 500, "answered 500"), 100.0)
    assert await store.owed(1) == []
    delivery = await only(store, job)
    assert delivery.state is DeliveryState.PENDING
    assert delivery.due is not None
    assert 90 < delivery.due - time.time() < 101
    assert await store.retry(job.id)
    assert [(owed.id, n) for owed, n in await store.owed(1)] == [(job.id, 2)]
    await store.tried(job.id, Try(2, 0.0, 0.1, None, "nobody answers"), -1.0)
    [(_, n)] = await store.owed(1)
    await store.tried(job.id, Try(n, 0.0, 0.1, 200), None)
    told = [(made.n, made.status, made.error) for made in (await only(store, job)).tries]
    assert told == [(1, 500, "answered 500"), (2, None, "nobody answers"), (3, 200, None)]


async def test_what_is_given_up_stays_and_can_be_owed_anew(store: Store, bus: Bus):
    job = await finished(store)
    await store.owed(1)
    assert not await store.retry(job.id), "it is being tried"
    await store.tried(job.id, Try(1, 0.0, 0.1, 302, "a redirect"), None)
    assert await store.owed(1) == []
    assert (await only(store, job)).state is DeliveryState.FAILED
    with bus.subscribe(OWED) as wake:
        assert await store.retry(job.id)
        assert await wake.wait(0)
    assert (await only(store, job)).state is DeliveryState.PENDING
    [(_, n)] = await store.owed(1)
    await store.tried(job.id, Try(n, 0.0, 0.1, 200), None)
    assert (await only(store, job)).state is DeliveryState.DELIVERED


async def test_only_what_was_owed_once_can_be_owed_anew(store: Store):
    plain, waiting = await store.submit(new_job()), await hooked(store)
    assert not await store.retry(plain.id)
    assert not await store.retry(waiting.id)
    assert not await store.retry("nobody")
    await store.cancel(plain.id)
    assert not await store.retry(plain.id)
    assert await store.owed(9) == []


async def test_a_try_that_nobody_reported_is_made_again_after_its_lease(store: Store):
    job = await finished(store)
    await store.owed(1, lease_seconds=0)
    [(again, n)] = await store.owed(1)
    assert (again.id, n) == (job.id, 2)
    await store.tried(job.id, Try(1, 0.0, 0.1, 500, "too late"), None)
    delivery = await only(store, job)
    assert [(made.status, made.error) for made in delivery.tries] == [(None, INTERRUPTED), (None, None)]
    assert delivery.due is not None, "the late report changes nothing"


async def test_a_recovering_server_owes_at_once_what_it_was_delivering(store: Store):
    interrupted, scheduled = await finished(store), await finished(store)
    await store.owed(2)
    await store.tried(scheduled.id, Try(1, 0.0, 0.1, 500, "answered 500"), 100.0)
    await store.recover(3)
    assert [(job.id, n) for job, n in await store.owed(9)] == [(interrupted.id, 2)]
    assert (await only(store, interrupted)).tries[0].error == INTERRUPTED


async def test_many_deliverers_take_each_delivery_once(store: Store):
    jobs = {(await hooked(store, params=None, failure=REFUSED)).id for _ in range(20)}
    taken = await asyncio.gather(*(store.owed(4) for _ in range(8)))
    ids = [job.id for some in taken for job, _ in some]
    assert sorted(ids) == sorted(jobs)


async def test_lists_are_by_account_by_job_and_by_state(store: Store):
    given_up, taken, pending = [await finished(store, account=name) for name in ("a", "a", "b")]
    await store.submit(new_job())
    await hooked(store, account="a")
    await store.owed(9)
    await store.tried(given_up.id, Try(1, 0.0, 0.1, 302, "a redirect"), None)
    await store.tried(taken.id, Try(1, 0.0, 0.1, 200), None)
    assert await listed(store) == [pending.id, taken.id, given_up.id]
    assert await listed(store, account="a") == [taken.id, given_up.id]
    assert await listed(store, account="b", job_id=taken.id) == []
    assert await listed(store, state=DeliveryState.FAILED) == [given_up.id]
    assert await listed(store, state=DeliveryState.DELIVERED) == [taken.id]
    assert await listed(store, state=DeliveryState.PENDING) == [pending.id]


async def test_lists_can_be_read_page_by_page(store: Store):
    expected = [(await hooked(store, params=None, failure=REFUSED)).id for _ in range(5)][::-1]
    seen: list[str] = []
    before = None
    while page := await store.deliveries(limit=2, before=before):
        seen += [delivery.job.id for delivery in page]
        before = page[-1].seq
    assert seen == expected
