"""SQLite: one connection, in one thread, that does all work in the order in which it was asked for.

Exactly one connection, kept for good: SQLite before 3.51.3 can corrupt a WAL database when two write at the same
instant. What waits when the thread is free is committed together, so that many callers share one flush of the disk.
"""

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from alembic.util import CommandError
from sqlalchemy import URL, Connection, CursorResult, Engine, Executable, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from tintype.errors import ServiceRefused, SetupError
from tintype.store.bus import Bus
from tintype.store.database import Database, Transaction, Values, Work, migrate, shown, unusable

MOST_TOGETHER = 64
"""Transactions that share a commit."""

T = TypeVar("T")


@dataclass(slots=True)
class _Task:
    """One transaction that somebody waits for."""

    work: Work[Any]
    durable: bool
    answer: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop
    topics: Sequence[str] = ()
    result: Any = None
    error: BaseException | None = None


class SQLiteDatabase(Database):
    """A file of this server's own."""

    def __init__(self, connection: Connection, bus: Bus) -> None:
        self._connection = connection
        self._bus = bus
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._is_durable: bool | None = None
        self._thread = threading.Thread(target=self._serve, name="sqlite", daemon=True)
        self._thread.start()

    @classmethod
    async def open(cls, address: URL, bus: Bus) -> "SQLiteDatabase":
        """Open or make the file, and migrate. SetupError: it cannot be used, or another process has it."""
        return await asyncio.to_thread(cls._open, address, bus)

    @classmethod
    def _open(cls, address: URL, bus: Bus) -> "SQLiteDatabase":
        engine = _engine(address)
        try:
            connection = engine.connect()
            with connection.begin():
                migrate(connection)
        except (DBAPIError, CommandError, OSError) as error:
            engine.dispose()
            raise unusable(address, error) from error
        return cls(connection, bus)

    async def run(self, work: Work[T], durable: bool = True) -> T:
        """Hand ``work`` to the thread and wait."""
        if not self._thread.is_alive():
            raise RuntimeError("the database is closed")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._tasks.put(_Task(work, durable, answer, loop))
        try:
            return await answer
        except OperationalError as error:  # such as a full disk, which may have room again soon
            raise ServiceRefused(503, f"The database cannot be used now: {error.orig}", "internal_error") from error

    async def inspect(self, look: Callable[[Connection], T]) -> T:
        """In the thread, between two transactions of others."""

        async def work(_: Transaction) -> T:
            return look(self._connection)

        return await self.run(work)

    async def close(self) -> None:
        """Finish what was begun, then let go of the file."""
        self._tasks.put(None)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        """The thread: take all that waits, commit it, answer."""
        open_ = True
        while open_:
            tasks = [self._tasks.get()]
            while len(tasks) < MOST_TOGETHER and not self._tasks.empty():
                tasks.append(self._tasks.get())
            open_ = None not in tasks
            batch = [task for task in tasks if task is not None]
            self._commit(batch)
            for loop in {task.loop for task in batch}:
                loop.call_soon_threadsafe(self._answer, [task for task in batch if task.loop is loop])
        self._connection.close()
        self._connection.engine.dispose()

    def _commit(self, batch: list[_Task]) -> None:
        """Do them all in one transaction; if it cannot be committed, none was done."""
        try:
            self._flush_for(any(task.durable for task in batch))
            with self._connection.begin():
                for task in batch:
                    self._do(task, alone=len(batch) == 1)
        except BaseException as error:  # each of them is told; the thread goes on
            for task in batch:
                task.error, task.topics = task.error or error, ()

    def _do(self, task: _Task, alone: bool) -> None:
        """One of a batch: its failure undoes its own part only."""
        transaction = Transaction("sqlite", self._execute)
        if alone:
            task.result = _finished(task.work(transaction))
        else:
            try:
                with self._connection.begin_nested():
                    task.result = _finished(task.work(transaction))
            except Exception as error:
                task.error = error
                if not self._is_open():
                    raise
                return
        task.topics = transaction.topics

    def _is_open(self) -> bool:
        """Whether the transaction still is: on a full disk SQLite may end all of it, with whatever went before."""
        driver = self._connection.connection.driver_connection
        return driver is not None and driver.in_transaction

    async def _execute(self, statement: Executable, values: Values | None) -> CursorResult[Any]:
        return self._connection.execute(statement, values)

    def _flush_for(self, durable: bool) -> None:
        """FULL waits for the disk at each commit; NORMAL leaves that to the next one that does."""
        if durable is not self._is_durable:
            cursor = self._connection.connection.cursor()  # outside of any transaction, as it must be
            cursor.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            cursor.close()
            self._is_durable = durable

    def _answer(self, batch: list[_Task]) -> None:
        """In the event loop: tell listeners, then callers."""
        for topic in dict.fromkeys(topic for task in batch for topic in task.topics):
            self._bus.publish(topic)
        for task in batch:
            if task.answer.done():  # its caller was cancelled
                continue
            if task.error is not None:
                task.answer.set_exception(task.error)
            else:
                task.answer.set_result(task.result)


def _finished(work: Awaitable[T]) -> T:
    """The result of a coroutine that never has to wait."""
    try:
        work.__await__().send(None)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    except StopIteration as end:
        return end.value
    raise RuntimeError("A verb waited for something other than its transaction")


def _engine(address: URL) -> Engine:
    assert address.database
    try:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"The folder of {shown(address)} cannot be made: {error}") from error
    engine = create_engine(
        address,
        hide_parameters=True,
        pool_size=1,
        max_overflow=0,
        connect_args={"timeout": 2, "check_same_thread": False},
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

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begin)
    return engine
