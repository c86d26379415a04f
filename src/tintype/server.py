"""The composition root: build every part, join them, run until told to stop, stop in order.

One process: the gateway (one application behind every listener), the workers, and the one connection to the store. The
engine children, one per device, are the only other processes.
"""

import asyncio
import contextlib
import fcntl
import functools
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from pathlib import Path
from typing import Any

import structlog

from tintype.api.answers import payload
from tintype.api.app import create_app
from tintype.config import Settings
from tintype.errors import SetupError
from tintype.files import FileStore
from tintype.keys import Keys
from tintype.listeners import Listeners, opened
from tintype.store.bus import Bus
from tintype.store.store import Store
from tintype.webhook_keys import WebhookKeys
from tintype.webhooks.deliverer import Deliverer
from tintype.webhooks.sender import Sender
from tintype.worker.devices import chosen, threads_of_each
from tintype.worker.engine_process import EngineProcess
from tintype.worker.status import Engines
from tintype.worker.tidy import tidy
from tintype.worker.workers import Workers

log = structlog.get_logger(__name__)


async def serve(settings: Settings, model: Path, announce: Callable[[Engines], None]) -> None:
    """Run the server until SIGINT or SIGTERM.

    ``model`` is the checkpoint's folder. ``announce`` is called once, when the first engine can paint.

    Raises:
        SetupError: something the operator must mend: a port in use, no keys, no such model, ...
    """
    keys = Keys(settings.home)
    if not settings.is_private and not keys.list():
        raise SetupError(
            f"Refusing to listen on {settings.host} without API keys: anyone who reaches this machine could use it. "
            "Make one first: tintype keys create NAME"
        )
    with contextlib.ExitStack() as stack:
        stack.enter_context(_only_server_in(settings.home))
        sockets = stack.enter_context(opened(settings))
        bus = Bus()
        store = await Store.open(settings.database, bus)
        try:
            if settings.owns_database:  # ours alone; elsewhere leases tell whose worker died
                await store.recover(settings.max_attempts)
            files = FileStore(settings.files)
            engines = await asyncio.to_thread(_engines, settings, model)
            workers = Workers(store, bus, files, engines, settings.max_attempts, announce)
            app = create_app(settings, store, bus, files, keys, workers.engines)
            tidying = tidy(store, files, settings.inline_seconds, settings.keep_days)
            sender = Sender(private_allowed=settings.allows_private_webhooks)
            compose = functools.partial(payload, files=files)
            deliverer = Deliverer(store, bus, WebhookKeys(settings.home), sender, compose)
            async with _beside(tidying), _beside(deliverer.run()):
                await _run(Listeners(app, settings, sockets), workers, app.state.gateway.stopping)
        finally:
            await store.close()


def _engines(settings: Settings, model: Path) -> list[EngineProcess]:
    """A handle on one engine child for each device."""
    devices = chosen(settings.device)
    return [
        EngineProcess(
            model,
            device,
            threads_of_each(devices, settings.threads),
            settings.engine,
            expansion_prompt=settings.expansion_prompt_file,
            safety_checker=settings.safety_checker,
            memory=settings.memory,
            max_pixels=settings.max_pixels,
        )
        for device in devices
    ]


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Have ``work`` done while the block runs."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _run(listeners: Listeners, workers: Workers, stopping: asyncio.Event) -> None:
    """Serve and work side by side until a signal, or until either cannot go on; then set ``stopping``."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    working = asyncio.create_task(workers.run())
    serving = asyncio.create_task(listeners.run())
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([working, stopped, serving], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.set()
        listeners.stop()
        await asyncio.gather(serving, return_exceptions=True)
        stopped.cancel()
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await _unwrapped(working)
    if error := serving.exception():
        raise SetupError(f"A listener ended: {error}") from error


async def _unwrapped(working: asyncio.Task[None]) -> None:
    """Wait for the workers; a SetupError comes out of their task group as itself."""
    try:
        await working
    except* SetupError as group:
        raise group.exceptions[0] from None


@contextlib.contextmanager
def _only_server_in(home: Path) -> Generator[None]:
    """Two servers over one SQLite file could corrupt it, so the home folder admits one at a time."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)  # prompts lie there
    with (home / "server.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SetupError(
                f"Another Tintype server is running with {home}. Stop it, or give this one its own folder with --home."
            ) from error
        yield
