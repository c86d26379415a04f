"""PostgreSQL: many connections, any of which may be lost; what was lost is tried again."""

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg
from alembic.util import CommandError
from sqlalchemy import URL, Connection, CursorResult, Executable, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tintype.errors import ServiceRefused, SetupError
from tintype.store.bus import Bus
from tintype.store.database import Database, Transaction, Values, Work, migrate, shown, unusable

PATIENCE = 10.0
"""Seconds for which a lost database, or one that says nothing, is tried before the caller hears of it."""
PAUSE = 0.2
"""Seconds between two tries."""
MIGRATION_LOCK = 0x74696E74797065
"""Of PostgreSQL's advisory locks, ours: two gateways that start at once must not both migrate."""

T = TypeVar("T")


class PostgreSQLDatabase(Database):
    """A database that other servers may share."""

    def __init__(self, engine: AsyncEngine, bus: Bus) -> None:
        self.patience = PATIENCE
        self._engine = engine
        self._bus = bus
        self._unfinished: set[asyncio.Task[Any]] = set()

    @classmethod
    async def open(cls, address: URL, bus: Bus) -> "PostgreSQLDatabase":
        """Connect and migrate. SetupError: nobody answers there, or it cannot be used."""
        database = cls(_engine(address), bus)
        try:
            await database._persist(lambda _: database.inspect(_migrate), hurry=False)
        except ServiceRefused as error:
            await database.close()
            raise SetupError(f"No database answers at {shown(address)}: {error.__cause__}") from error
        except (DBAPIError, CommandError, OSError, asyncpg.PostgresError) as error:
            await database.close()
            raise unusable(address, error) from error
        return database

    async def run(self, work: Work[T], durable: bool = True) -> T:  # noqa: ARG002
        """In a task of its own: half a conversation with a database costs the connection.

        Always durable: without the flush a crash of the database, not only a power cut, would undo it.
        """
        task = asyncio.ensure_future(self._persist(functools.partial(self._transact, work)))
        self._unfinished.add(task)
        task.add_done_callback(self._unfinished.discard)
        return await asyncio.shield(task)

    async def inspect(self, look: Callable[[Connection], T]) -> T:
        """On a connection of its own."""
        async with self._engine.begin() as connection:
            return await connection.run_sync(look)

    async def close(self) -> None:
        """Finish what was begun, then disconnect."""
        if self._unfinished:
            await asyncio.wait(self._unfinished)
        with contextlib.suppress(TimeoutError):  # a database that says nothing does not say good-bye either
            async with asyncio.timeout(self.patience):
                await self._engine.dispose()

    async def _transact(self, work: Work[T], repeated: bool) -> T:
        async with self._engine.begin() as connection:

            async def execute(statement: Executable, values: Values | None) -> CursorResult[Any]:
                return await connection.execute(statement, values)

            transaction = Transaction("postgresql", execute, repeated)
            result = await work(transaction)
        for topic in transaction.topics:
            self._bus.publish(topic)
        return result

    async def _persist(self, attempt: Callable[[bool], Awaitable[T]], hurry: bool = True) -> T:
        """Try until it is done or patience ends; without ``hurry`` one try may take longer: a migration does."""
        deadline = asyncio.get_running_loop().time() + self.patience
        repeated = False
        while True:
            try:
                async with asyncio.timeout_at(deadline if hurry else None):
                    return await attempt(repeated)
            except (DBAPIError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                if not is_lost(error):
                    raise
                if asyncio.get_running_loop().time() >= deadline:
                    raise ServiceRefused(503, "The database does not answer", "internal_error") from error
            await asyncio.sleep(PAUSE)
            repeated = True


def _engine(address: URL) -> AsyncEngine:
    return create_async_engine(
        address,
        hide_parameters=True,  # prompts do not belong in error messages
        pool_size=10,
        max_overflow=10,
        connect_args={"timeout": 5, "server_settings": {"application_name": "tintype"}},
    )


def _migrate(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    migrate(connection)


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
