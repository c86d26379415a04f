"""Small servers in a thread of their own, and connections that are passed on to the real one."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Awaitable, Callable, Generator
from typing import TypeVar

T = TypeVar("T")


@contextlib.contextmanager
def serving(start: Callable[[contextlib.ExitStack], Awaitable[T]]) -> Generator[T]:
    """What ``start`` returns, once it has; its servers run until the block ends, if it puts their ends on the stack."""
    ready: queue.Queue[tuple[T, asyncio.AbstractEventLoop, asyncio.Event]] = queue.Queue()

    async def serve() -> None:
        stop = asyncio.Event()
        with contextlib.ExitStack() as stack:
            ready.put((await start(stack), asyncio.get_running_loop(), stop))
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    started, loop, stop = ready.get(timeout=10)
    try:
        yield started
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, greeting: bytes = b"") -> None:
    """A connection to this machine's ``port`` for the one that came in; both end together."""
    try:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(greeting)
            await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))
        finally:
            there_writer.close()
    except OSError:
        pass  # one of the two went away
    finally:
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
