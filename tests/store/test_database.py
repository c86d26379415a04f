import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, func, select, text

from tintype.core import State
from tintype.errors import ServiceRefused, SetupError
from tintype.store import Bus, Store
from tintype.store.database import parse, shown
from tintype.store.postgresql import PostgreSQLDatabase
from tintype.store.tables import IS_OWED, IS_QUEUED, IS_RUNNING, jobs, metadata

from .jobs import RESULT, new_job
from .postgres import Postgres

pytestmark = pytest.mark.anyio


async def test_the_migrations_make_the_tables_that_the_code_knows(store: Store):
    def differences(connection: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    assert await store.database.inspect(differences) == []


async def test_opening_twice_migrates_once(url: str):
    for _ in range(2):
        await (await Store.open(url, Bus())).close()


async def test_queries_use_their_indexes(store: Store):
    queries = {
        "jobs_queued": select(jobs).where(IS_QUEUED).order_by(jobs.c.priority, jobs.c.seq).limit(1),
        "jobs_running": select(jobs).where(IS_RUNNING, jobs.c.worker == "w"),
        "jobs_owed": select(jobs).where(IS_OWED, jobs.c.webhook_due <= 1.0).order_by(jobs.c.webhook_due).limit(1),
        "jobs_by_end": select(jobs.c.state, func.count()).group_by(jobs.c.state),
    }

    def plans(connection: Connection) -> dict[str, str]:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL enable_seqscan = off"))  # it prefers it for an empty table
        explain = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        sql = {
            index: query.compile(connection, compile_kwargs={"literal_binds": True}) for index, query in queries.items()
        }
        return {index: str(connection.execute(text(f"{explain} {each}")).all()) for index, each in sql.items()}

    for index, plan in (await store.database.inspect(plans)).items():
        assert index in plan
        assert "sort" not in plan.lower() or index == "jobs_by_end"
        assert "B-TREE FOR ORDER" not in plan


async def test_a_database_of_a_newer_version_is_refused(url: str):
    store = await Store.open(url, Bus())
    await store.database.inspect(
        lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    )
    await store.close()
    with pytest.raises(SetupError, match="newer version of Tintype"):
        await Store.open(url, Bus())


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("jobs.db", "no database address"),
        ("mysql://host/name", "not mysql://"),
        ("sqlite://", "names no file"),
        ("sqlite:////dev/null/jobs.db", "cannot be made"),
    ],
)
async def test_an_address_that_is_none_is_refused(url: str, message: str):
    with pytest.raises(SetupError, match=message):
        await Store.open(url, Bus())


async def test_addresses_are_read_as_people_write_them():
    assert shown(parse("sqlite:///a.db")) == "sqlite:///a.db"
    address = parse("postgres://me:secret@host/name?sslmode=require")
    assert shown(address) == "postgresql+asyncpg://me:***@host/name?ssl=require"


async def test_a_second_server_on_one_sqlite_file_is_refused(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/deep/jobs.db"
    store = await Store.open(url, Bus())
    with pytest.raises(SetupError, match="another process has it open"):
        await Store.open(url, Bus())
    job = await store.submit(new_job())
    await store.close()
    store = await Store.open(url, Bus())
    assert await store.get(job.id) == job
    await store.close()


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path):
    (tmp_path / "jobs.db").write_text("certainly not a database" * 100)
    with pytest.raises(SetupError, match="file is not a database"):
        await Store.open(f"sqlite:///{tmp_path}/jobs.db", Bus())


async def test_sqlite_keeps_every_commit_on_disk(tmp_path: Path):
    store = await Store.open(f"sqlite:///{tmp_path}/jobs.db", Bus())
    pragmas = ("journal_mode", "synchronous", "foreign_keys")
    for _ in range(2):
        values = await store.database.inspect(
            lambda c: [c.execute(text(f"PRAGMA {each}")).scalar() for each in pragmas]
        )
        assert values == ["wal", 2, 1]
        await store.claim("nobody", 1)  # may be lost, and waits for no disk; what follows must again
    await store.close()


async def test_verbs_outlive_a_restart_of_postgresql(postgres: Postgres):
    store = await Store.open(postgres.fresh(), Bus())
    await store.register("w", "host", "cuda:0")
    first, *_ = [await store.submit(new_job()) for _ in range(3)]
    [running] = await store.claim("w", 1)

    await asyncio.to_thread(postgres.stop, "immediate")
    late = new_job()
    verbs = asyncio.gather(store.submit(late), store.finish(running, RESULT), store.claim("w", 1), store.renew("w", 10))
    await asyncio.sleep(0.5)
    assert not verbs.done()
    await asyncio.to_thread(postgres.start)

    submitted, finished, claimed, unwanted = await verbs
    assert (submitted.id, finished, len(claimed), unwanted) == (late.id, True, 1, set())
    stored = await store.get(first.id)
    assert stored is not None
    assert (stored.state, stored.result) == (State.DONE, RESULT)
    assert await store.counts() == dict.fromkeys(State, 0) | {
        State.DONE: 1,
        State.RUNNING: 1,
        State.QUEUED: 2,
    }
    await store.close()


async def test_crashes_of_postgresql_under_load_lose_no_acknowledged_job(postgres: Postgres):
    store = await Store.open(postgres.fresh(), Bus())
    await store.register("w", "host", "cuda:0")
    submitted: set[str] = set()
    finished: set[str] = set()
    stopping = asyncio.Event()

    async def client() -> None:
        while not stopping.is_set():
            submitted.add((await store.submit(new_job())).id)

    async def worker() -> None:
        while not stopping.is_set() or await store.queue_length():
            for job in await store.claim("w", 4):
                assert await store.finish(job, RESULT)
                finished.add(job.id)

    everyone = asyncio.gather(client(), client(), client(), worker())
    for _ in range(3):
        await asyncio.sleep(0.5)
        await asyncio.to_thread(postgres.stop, "immediate")
        await asyncio.to_thread(postgres.start)
    await asyncio.sleep(0.5)
    stopping.set()
    await everyone
    # Nothing is left running: a claim whose answer was lost was answered again.
    assert (await store.counts())[State.DONE] == len(submitted)
    assert finished == submitted
    await store.close()


async def test_a_database_that_stays_away_is_a_503_in_the_end(postgres: Postgres):
    store = await Store.open(postgres.fresh(), Bus())
    assert isinstance(store.database, PostgreSQLDatabase)
    store.database.patience = 0.5
    await asyncio.to_thread(postgres.stop, "immediate")
    with pytest.raises(ServiceRefused) as refused:
        await store.submit(new_job())
    assert refused.value.failure.status == 503
    await asyncio.to_thread(postgres.start)
    assert (await store.submit(new_job())).state is State.QUEUED
    await store.close()


async def test_a_database_that_says_nothing_is_a_503_for_everyone_and_closes(postgres: Postgres):
    store = await Store.open(postgres.fresh(), Bus())
    assert isinstance(store.database, PostgreSQLDatabase)
    store.database.patience = 1.0
    with postgres.frozen():
        async with asyncio.timeout(20):
            asked = [store.submit(new_job()) for _ in range(25)]  # more than there are connections
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(answer) for answer in answers] == [ServiceRefused] * 25
    assert (await store.submit(new_job())).state is State.QUEUED
    with postgres.frozen():
        async with asyncio.timeout(20):
            await store.close()
