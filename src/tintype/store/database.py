"""One database, and how work is done on it: in short transactions that end, whatever becomes of the caller.

Knows connections, transactions, migrations and lost connections; knows no job.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, CursorResult, Executable, Table, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from tintype.errors import ServiceRefused, SetupError
from tintype.store.bus import Bus

PATIENCE = 10.0
"""Seconds for which a lost database is tried again before the caller hears of it."""
PAUSE = 0.2
"""Seconds between two tries."""
MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 0x74696E74797065
"""Of PostgreSQL's advisory locks, ours: two gateways that start at once must not both migrate."""

T = TypeVar("T")
P = ParamSpec("P")


class Transaction:
    """What a verb works with. Everything it does takes effect at its end, or not at all."""

    def __init__(self, connection: AsyncConnection, repeated: bool) -> None:
        self._connection = connection
        self.repeated = repeated
        """An earlier try of the same was lost, and may have been committed or not."""
        self.topics: list[str] = []

    async def execute(self, statement: Executable, values: Sequence[Any] | None = None) -> CursorResult[Any]:
        """Run one statement, or one for each of ``values``; the result is in memory."""
        return await self._connection.execute(statement, values)

    def insert(self, table: Table) -> "postgresql.Insert | sqlite.Insert":
        """An INSERT that knows ON CONFLICT: both dialects do, each in its own class."""
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        return dialect.insert(table)

    def wake(self, *topics: str) -> None:
        """Publish these once it is committed: before that, a listener would read the old row."""
        self.topics.extend(topics)


class Database:
    """An open database with its tables up to date."""

    def __init__(self, engine: AsyncEngine, bus: Bus) -> None:
        self.engine = engine
        self.patience = PATIENCE
        self._bus = bus
        self._unfinished: set[asyncio.Task[Any]] = set()

    @classmethod
    async def open(cls, url: str, bus: Bus) -> "Database":
        """Connect and migrate. SetupError: the address is wrong, nobody answers there, or it is in use."""
        address = parse(url)
        database = cls(_sqlite(address) if address.drivername == SQLITE else _postgresql(address), bus)
        try:
            await database._persist(lambda _: database._migrate())
        except ServiceRefused as error:
            await database.close()
            raise SetupError(f"No database answers at {shown(address)}: {error.__cause__}") from error
        except (DBAPIError, CommandError, OSError, asyncpg.PostgresError) as error:
            await database.close()
            raise SetupError(f"The database {shown(address)} cannot be used: {_reason(error)}") from error
        return database

    async def close(self) -> None:
        """Finish what was begun, then disconnect."""
        if self._unfinished:
            await asyncio.wait(self._unfinished)
        await self.engine.dispose()

    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Do ``work`` in one transaction, again if the connection is lost, then publish what it woke.

        It is carried to its end even if the caller is cancelled: half a conversation with a database costs
        the connection, and on SQLite there is only one. ServiceRefused 503 after 10 s without a database.
        """
        task = asyncio.ensure_future(self._persist(functools.partial(self._transact, work)))
        self._unfinished.add(task)
        task.add_done_callback(self._unfinished.discard)
        return await asyncio.shield(task)

    async def _transact(self, work: Callable[[Transaction], Awaitable[T]], repeated: bool) -> T:
        async with self.engine.begin() as connection:
            transaction = Transaction(connection, repeated)
            result = await work(transaction)
        for topic in transaction.topics:
            self._bus.publish(topic)
        return result

    async def _persist(self, attempt: Callable[[bool], Awaitable[T]]) -> T:
        deadline = asyncio.get_running_loop().time() + self.patience
        repeated = False
        while True:
            try:
                return await attempt(repeated)
            except (DBAPIError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                if not is_lost(error):
                    raise
                if asyncio.get_running_loop().time() > deadline:
                    raise ServiceRefused(503, "The database does not answer", "internal_error") from error
            await asyncio.sleep(PAUSE)
            repeated = True

    async def _migrate(self) -> None:
        async with self.engine.begin() as connection:
            await connection.run_sync(migrate)


class HasDatabase(Protocol):
    """Anything with verbs."""

    @property
    def database(self) -> Database:
        """Where they run."""
        ...


def verb(
    method: Callable[Concatenate[Any, Transaction, P], Awaitable[T]],
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """Make a method one transaction of its object's ``database``.

    The method is given the Transaction, its caller gives none. It is run again after a lost connection, even
    if its commit had arrived, so it must bear being repeated.
    """

    @functools.wraps(method)
    async def run(self: HasDatabase, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.database.run(lambda transaction: method(self, transaction, *args, **kwargs))

    return run


SQLITE = "sqlite+aiosqlite"
POSTGRESQL = "postgresql+asyncpg"
DRIVERS = {
    "sqlite": SQLITE,
    SQLITE: SQLITE,
    "postgres": POSTGRESQL,
    "postgresql": POSTGRESQL,
    POSTGRESQL: POSTGRESQL,
}


def parse(url: str) -> URL:
    """The address with the driver that is used here. SetupError: it is none."""
    try:
        address = make_url(url)
    except ArgumentError:
        raise SetupError(
            f"{url!r} is no database address; sqlite:///path and postgresql://user@host/name are"
        ) from None
    if address.drivername not in DRIVERS:
        raise SetupError(f"Databases are sqlite:///path or postgresql://…, not {address.drivername}://")
    address = address.set(drivername=DRIVERS[address.drivername])
    if address.drivername == SQLITE and not address.database:
        raise SetupError(f"{url!r} names no file; sqlite:////var/lib/tintype/jobs.db does")
    if (mode := address.query.get("sslmode")) is not None:  # libpq's word; asyncpg's is ssl
        address = address.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return address


def shown(address: URL) -> str:
    """Fit for a message: without the password."""
    return address.render_as_string(hide_password=True)


def _sqlite(address: URL) -> AsyncEngine:
    # Exactly one connection, kept for good. SQLite before 3.51.3 can corrupt a WAL database when two
    # connections write at the same instant, and one writer needs no second. The pool is the queue for it.
    assert address.database
    try:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"The folder of {shown(address)} cannot be made: {error}") from error
    engine = create_async_engine(
        address, hide_parameters=True, pool_size=1, max_overflow=0, pool_timeout=600, connect_args={"timeout": 2}
    )

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # or the driver would begin transactions at its own discretion
        cursor = connection.cursor()
        # EXCLUSIVE: a second server on this file is refused instead of running the same jobs.
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "begin", begin)
    return engine


def _postgresql(address: URL) -> AsyncEngine:
    settings = {"application_name": "tintype"}
    return create_async_engine(
        address,
        hide_parameters=True,  # prompts do not belong in error messages
        pool_size=10,
        max_overflow=10,
        connect_args={"timeout": 5, "server_settings": settings},
    )


def migrate(connection: Connection) -> None:
    """Bring the tables up to date, in the transaction that ``connection`` is in."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def is_lost(error: BaseException) -> bool:
    """The connection is gone or the server is starting or stopping: the same again may work in a moment."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (error.orig is not None and is_lost(error.orig))
    if isinstance(error, asyncpg.InterfaceError):
        return "closed" in str(error)
    if isinstance(error, OSError):
        return True
    state = getattr(error, "sqlstate", None) or ""
    # 08: connection exception; 57P01-3: shutting down, crashed, starting up.
    return state.startswith("08") or state in ("57P01", "57P02", "57P03")


def _reason(error: Exception) -> str:
    if "database is locked" in str(error):
        return "another process has it open; SQLite serves one server, several need PostgreSQL"
    if "Can't locate revision" in str(error):
        return "a newer version of Tintype wrote it; install that version again"
    return str(error.orig if isinstance(error, DBAPIError) else error)
