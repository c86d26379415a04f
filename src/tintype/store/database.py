"""One database, and how work is done on it: in short transactions that end, whatever becomes of the caller.

Knows addresses, transactions and migrations; knows no job. The two kinds are :mod:`tintype.store.sqlite` and
:mod:`tintype.store.postgresql`.
"""

import functools
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, CursorResult, Executable, Table, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError

from tintype.errors import SetupError

MIGRATIONS = Path(__file__).parent / "migrations"
SQLITE = "sqlite"
POSTGRESQL = "postgresql+asyncpg"
DRIVERS = {
    "sqlite": SQLITE,
    "postgres": POSTGRESQL,
    "postgresql": POSTGRESQL,
    POSTGRESQL: POSTGRESQL,
}

T = TypeVar("T")
P = ParamSpec("P")
Values = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Execute = Callable[[Executable, Values | None], Awaitable[CursorResult[Any]]]


class Transaction:
    """What a verb works with. Everything it does takes effect at its end, or not at all."""

    def __init__(self, dialect: str, execute: Execute, repeated: bool = False) -> None:
        self.dialect = dialect
        """``sqlite`` or ``postgresql``."""
        self.repeated = repeated
        """An earlier try of the same was lost, and may have been committed or not."""
        self.topics: list[str] = []
        self._execute = execute

    async def execute(self, statement: Executable, values: Values | None = None) -> CursorResult[Any]:
        """Run one statement with ``values``, or once for each of them. Read the result before the next one.

        Statements that every request needs are made once, as constants with parameters: making one costs as much as
        running it.
        """
        return await self._execute(statement, values)

    def insert(self, table: Table) -> "postgresql.Insert | sqlite.Insert":
        """An INSERT that knows ON CONFLICT: both dialects do, each in its own class."""
        return (postgresql if self.dialect == "postgresql" else sqlite).insert(table)

    def wake(self, *topics: str) -> None:
        """Publish these once it is committed: before that, a listener would read the old row."""
        self.topics.extend(topics)


Work = Callable[[Transaction], Awaitable[T]]


class Database(ABC):
    """An open database with its tables up to date."""

    @abstractmethod
    async def run(self, work: Work[T], durable: bool = True) -> T:
        """Do ``work`` in one transaction, then publish what it woke. Done also if the caller is cancelled meanwhile.

        ``work`` may wait for its transaction only. ``durable`` False: a power cut may undo it, a crash of this process
        may not. ServiceRefused 503: for 10 s the database was away or said nothing, or its disk is full.
        """

    @abstractmethod
    async def inspect(self, look: Callable[[Connection], T]) -> T:
        """Have ``look`` at a plain connection, in a transaction: for migrations, and for tests."""

    @abstractmethod
    async def close(self) -> None:
        """Finish what was begun, then disconnect."""


class HasDatabase(Protocol):
    """Anything with verbs."""

    @property
    def database(self) -> Database:
        """Where they run."""
        ...


def _verb(
    method: Callable[Concatenate[Any, Transaction, P], Awaitable[T]], durable: bool
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    @functools.wraps(method)
    async def run(self: HasDatabase, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.database.run(lambda transaction: method(self, transaction, *args, **kwargs), durable)

    return run


def verb(
    method: Callable[Concatenate[Any, Transaction, P], Awaitable[T]],
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """Make a method one transaction of its object's ``database``.

    The method is given the Transaction, its caller gives none. It is run again after a lost connection, even
    if its commit had arrived, so it must bear being repeated.
    """
    return _verb(method, durable=True)


def light_verb(
    method: Callable[Concatenate[Any, Transaction, P], Awaitable[T]],
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """A :func:`verb` that nobody was promised anything about: a power cut may undo it, so it waits for no disk."""
    return _verb(method, durable=False)


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


def migrate(connection: Connection) -> None:
    """Bring the tables up to date, in the transaction that ``connection`` is in."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def unusable(address: URL, error: Exception) -> SetupError:
    """What to say when a database cannot be opened."""
    reason = str(getattr(error, "orig", None) or error)
    if "database is locked" in reason:
        reason = "another process has it open; SQLite serves one server, several need PostgreSQL"
    elif "Can't locate revision" in reason:
        reason = "a newer version of Tintype wrote it; install that version again"
    return SetupError(f"The database {shown(address)} cannot be used: {reason}")
