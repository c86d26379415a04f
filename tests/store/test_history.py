"""Looking back at what is over, counting what it cost, and forgetting it."""

import time
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, text

from tintype.core import Failure, ImageFile, Job, LogLine, State, Terms
from tintype.store import Store
from tintype.store.charges import Bill
from tintype.store.history import FORGOTTEN, Point, Search
from tintype.store.tables import IS_OVER, as_row, charges, jobs

from .jobs import PARAMS, RESULT, new_job

pytestmark = pytest.mark.anyio

ALL = Search(None, 0, 1e11)
REFUSED = Failure(422, [{"loc": ["body", "seed"], "msg": "no", "type": "int_type", "input": "a secret"}])
CRASHED = Failure(503, "The worker died", "runner_disconnected")


def over(n: int, *, account: str = "someone", seconds: float = 1.0, failure: Failure | None = None) -> dict[str, Any]:
    """A row of a job that was over at time ``n``."""
    job = new_job(id=f"job-{n:04}", account=account, input={"prompt": "a"}, failure=failure)
    state = State.DONE if failure is None else State.FAILED
    return as_row(job) | {
        "state": state,
        "result": None if failure else RESULT.to_json(),
        "failure": failure and failure.to_json(),
        "created_at": n - seconds - 1,
        "started_at": n - seconds,
        "finished_at": float(n),
    }


async def write(store: Store, *rows: dict[str, Any]) -> None:
    await store.database.inspect(lambda connection: connection.execute(insert(jobs), list(rows)))


def ids(found: list[Job]) -> list[str]:
    return [job.id for job in found]


async def test_what_is_over_is_listed_newest_first_page_by_page(store: Store):
    await write(store, *(over(n) for n in range(5)), over(5, account="another"))
    await store.submit(new_job())
    everything = ids(await store.ended(ALL, "ended_at", None, 10))
    assert everything == [f"job-{n:04}" for n in (5, 4, 3, 2, 1, 0)]
    seen: list[str] = []
    after = None
    while page := await store.ended(ALL, "ended_at", after, 2):
        seen += ids(page)
        last = page[-1]
        assert last.finished_at is not None
        after = Point(last.finished_at, last.id)
    assert seen == everything
    mine = Search("someone", 1, 4)
    assert ids(await store.ended(mine, "ended_at", None, 10)) == ["job-0003", "job-0002", "job-0001"]
    assert ids(await store.ended(replace(ALL, job_id="job-0002"), "ended_at", None, 10)) == ["job-0002"]


async def test_jobs_that_end_in_the_same_instant_are_all_seen(store: Store):
    await write(store, *(over(1) | {"id": name} for name in "abcd"))
    first = await store.ended(ALL, "ended_at", None, 2)
    rest = await store.ended(ALL, "ended_at", Point(1.0, first[-1].id), 9)
    assert ids(first) + ids(rest) == ["d", "c", "b", "a"]


async def test_the_longest_come_first_if_so_asked(store: Store):
    await write(store, *(over(n, seconds=(n * 7) % 5) for n in range(5)), over(9) | {"started_at": None})
    found = await store.ended(ALL, "duration", None, 3)
    assert ids(found) == ["job-0002", "job-0004", "job-0001"]
    rest = await store.ended(ALL, "duration", Point(2.0, "job-0001"), 9)
    assert ids(rest) == ["job-0003", "job-0009", "job-0000"]


async def test_words_of_the_prompt_are_looked_for_as_they_stand(store: Store):
    prompts = ["A Red boat", "100% red", "a_red", "Ünder the red sea", "red \\ blue"]
    rows = [over(n) | {"params": replace(PARAMS, prompt=prompt).to_json()} for n, prompt in enumerate(prompts)]
    hidden = over(8) | {"params": replace(PARAMS, prompt="red").to_json(), "input": None}
    refused = over(9, failure=REFUSED) | {"params": None, "input": {"prompt": "red \ud800"}}
    await write(store, *rows, hidden, refused)
    for part, found in (
        ("red", "43210"),
        ("RED BOAT", "0"),
        ("0%", "1"),
        ("a_", "2"),
        ("Ü", "3"),
        ("\\", "4"),
        ("x", ""),
    ):
        search = replace(ALL, prompt_part=part)
        assert ids(await store.ended(search, "ended_at", None, 10)) == [f"job-000{n}" for n in found], part


async def test_flagged_pictures_are_told(store: Store):
    flagged = replace(RESULT, flagged=(False, True)).to_json()
    await write(store, over(1), over(2) | {"result": flagged}, over(3, failure=CRASHED))
    assert [each.is_flagged for each in await store.endings(ALL, None, 9)] == [False, True, False]


async def test_outcomes_are_told_apart(store: Store):
    await write(store, over(1), over(2, failure=REFUSED), over(3, failure=CRASHED))
    outcomes = ("success", "user_error", "error")
    found = [ids(await store.ended(replace(ALL, outcome=outcome), "ended_at", None, 9)) for outcome in outcomes]
    assert found == [["job-0001"], ["job-0002"], ["job-0003"]]
    endings = await store.endings(ALL, None, 9)
    assert [(each.status, each.error_type) for each in endings] == [
        (200, None),
        (422, None),
        (503, "runner_disconnected"),
    ]
    assert [each.job_id for each in await store.endings(ALL, Point(2.0, "job-0002"), 9)] == ["job-0003"]


async def test_a_forgotten_job_keeps_nothing_of_what_was_in_it(store: Store):
    done = await store.submit(new_job(input={"prompt": "a secret"}))
    [running] = await store.claim("w", 1)
    await store.log(running, [LogLine("it became: a secret")])
    assert not await store.forget(done.id)
    await store.finish(running, RESULT)
    assert await store.forget(done.id)
    kept = await store.get(done.id)
    assert kept is not None
    assert (kept.state, kept.params, kept.input, kept.result) == (State.DONE, None, None, None)
    assert await store.logs(done.id) == []
    assert await store.forget(done.id)
    assert not await store.forget("nothing")


async def test_a_forgotten_refusal_quotes_nothing_but_is_still_one(store: Store):
    refused = await store.submit(new_job(params=None, failure=REFUSED))
    crashed = replace(CRASHED, detail="a text of ours")
    await write(store, over(1, failure=crashed))
    assert await store.forget(refused.id)
    assert await store.forget("job-0001")
    kept = [await store.get(refused.id), await store.get("job-0001")]
    assert [job and job.failure for job in kept] == [Failure(422, FORGOTTEN), crashed]


def charge(n: int, account: str = "someone", **values: Any) -> dict[str, Any]:
    usual = {"megapixels": 1.5, "megapixel_price": 0.25, "surcharge": 0.0, "endpoint": "e"}
    return {"job_id": f"job-{n:04}", "account": account, "time": float(n)} | usual | values


async def charged(store: Store, *rows: dict[str, Any]) -> None:
    await store.database.inspect(lambda connection: connection.execute(insert(charges), list(rows)))


async def test_charges_are_summed_up_per_slot_key_and_price(store: Store):
    await charged(
        store,
        charge(0),
        charge(59),
        charge(60),
        charge(61, "another"),
        charge(62, megapixel_price=0.5),
        charge(119, surcharge=0.125),
    )
    spent = await store.spent(Bill(0, 1e11), 60)
    assert [(each.slot, each.account, each.megapixel_price, each.surcharge, each.jobs) for each in spent] == [
        (0, "someone", 0.25, 0.0, 2),
        (1, "another", 0.25, 0.0, 1),
        (1, "someone", 0.25, 0.0, 1),
        (1, "someone", 0.25, 0.125, 1),
        (1, "someone", 0.5, 0.0, 1),
    ]
    assert [each.megapixels for each in spent] == [3.0, 1.5, 1.5, 1.5, 1.5]
    assert [each.jobs for each in await store.spent(Bill(1, 61, {"someone"}, {"e"}), 900)] == [2]
    assert await store.spent(Bill(0, 1e11, endpoints={"other"}), 60) == []


async def test_charges_are_listed_newest_first_page_by_page(store: Store):
    await charged(store, *(charge(n) for n in range(4)))
    first = await store.charged(Bill(0, 1e11), None, 2)
    rest = await store.charged(Bill(0, 1e11), Point(first[-1].time, first[-1].job_id), 9)
    assert [each.time for each in first + rest] == [3, 2, 1, 0]
    assert [each.time for each in await store.charged(Bill(0, 1e11, job_ids={"job-0002"}), None, 9)] == [2]


async def test_the_average_cost_is_that_of_the_last_ones(store: Store):
    assert await store.average_cost(None, 10) is None
    await charged(store, charge(1, megapixels=100.0), charge(2, "another"), charge(3, surcharge=0.125))
    assert await store.average_cost(None, 2) == pytest.approx((0.375 + 0.5) / 2)
    assert await store.average_cost("another", 2) == pytest.approx(0.375)
    assert await store.average_cost("nobody", 2) is None


async def test_a_finished_job_is_charged_for_its_pixels_and_its_expansion(store: Store):
    await store.submit(new_job(terms=Terms(megapixel_price=0.005, expansion_price=0.0025)))
    [job] = await store.claim("w", 1)
    image = ImageFile("k", "image/png", 1, 1024, 768)
    await store.finish(job, replace(RESULT, images=(image, image), expanded=True))
    [row] = await store.charged(Bill(0, time.time() + 60), None, 9)
    assert (row.job_id, row.account, row.megapixels, row.surcharge) == (job.id, "someone", 1.572864, 0.0025)


async def test_history_is_read_through_an_index(store: Store):
    def plan(connection: Connection) -> str:
        found = select(jobs.c.id).where(IS_OVER, jobs.c.account == "a", jobs.c.finished_at < 9.0)
        query = found.order_by(jobs.c.finished_at.desc(), jobs.c.id.desc()).limit(2)
        explain = "EXPLAIN QUERY PLAN"
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            connection.execute(text("SET LOCAL enable_bitmapscan = off"))
            explain = "EXPLAIN"
        sql = query.compile(connection, compile_kwargs={"literal_binds": True})
        return str(connection.execute(text(f"{explain} {sql}")).all())

    assert "jobs_history" in await store.database.inspect(plan)


async def test_a_page_of_a_long_history_is_quick(store: Store):
    rows = [over(n, account=f"key-{n % 3}") | {"params": PARAMS.to_json()} for n in range(6000)]
    await write(store, *rows)
    searches = (
        ALL,
        replace(ALL, account="key-1"),
        replace(ALL, outcome="error"),
        replace(ALL, prompt_part="lighthouse"),
        replace(ALL, prompt_part="nowhere"),
    )
    for search in searches:
        took: list[float] = []
        for _ in range(3):
            began = time.perf_counter()
            await store.ended(search, "ended_at", Point(3000.0, "job-3000"), 100)
            took.append(time.perf_counter() - began)
        assert min(took) < 0.05
