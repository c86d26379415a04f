"""A gateway in a thread of its own, for tests that talk to it as any client would."""

import asyncio
import functools
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import uvicorn
from starlette.types import ASGIApp

from tintype.api.answers import payload
from tintype.api.app import create_app
from tintype.api.gateway import USUAL, Pace
from tintype.config import Settings
from tintype.core import Job, State
from tintype.files import FileStore
from tintype.keys import Keys
from tintype.store import Bus, Store
from tintype.testing import FakePainter
from tintype.webhook_keys import WebhookKeys
from tintype.webhooks.deliverer import Deliverer
from tintype.webhooks.sender import Sender

T = TypeVar("T")
PATH = "/fal-ai/z-image/turbo"
RUN = f"/run{PATH}"
QUEUE = f"/queue{PATH}"
SMALL = {"width": 32, "height": 24}
WISH = {"prompt": "a red sailboat", "image_size": SMALL, "seed": 7, "num_inference_steps": 2}


@dataclass
class Engine:
    """What a supervisor would say about its engine."""

    state: str = "ready"
    phase: str = "ready"
    model: str = "flat colours"
    checksum: str = "0" * 16
    device: str = "cpu"
    painting: str | None = None
    memory: int | None = None
    safety_checker: str = "on"
    acceleration: dict[str, str] = field(default_factory=lambda: {"none": "nothing is approximated"})

    @property
    def workers(self) -> list[Self]:
        return [self]


class Gateway:
    """``with Gateway(home) as gateway: gateway.post(...)``. Without ``painting``, the test is the worker."""

    def __init__(
        self,
        home: Path,
        *,
        painting: bool = True,
        pace: Pace = USUAL,
        sender: Sender | None = None,
        **settings: Any,
    ) -> None:
        self.settings = Settings.load(home=home, **settings)
        self.keys = Keys(home)
        self.engine = Engine()
        self.pace = pace
        self.sender = sender or Sender(private_allowed=self.settings.allows_private_webhooks)
        self.may_paint = threading.Event()
        if painting:
            self.may_paint.set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(20)
        self.http = httpx.Client(base_url=self.url, timeout=20)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)
        self._loop.close()

    async def _serve(self) -> None:
        bus = Bus()
        self.store = await Store.open(self.settings.database, bus)
        self.files = FileStore(self.settings.files)
        self.painter = FakePainter(self.store, bus, self.files, before_step=self._wait_for_leave)
        self.app = create_app(self.settings, self.store, bus, self.files, self.keys, self.engine, self.pace)
        answering, stop = self._listen(self.app)
        serving = asyncio.create_task(answering)
        painting = asyncio.create_task(self.painter.run())
        compose = functools.partial(payload, files=self.files)
        keys = WebhookKeys(self.settings.home)
        delivering = asyncio.create_task(Deliverer(self.store, bus, keys, self.sender, compose).run())
        self._ready.set()
        await self._stop.wait()
        painting.cancel()
        delivering.cancel()
        stop()
        await asyncio.gather(serving, painting, delivering, return_exceptions=True)
        await self.store.close()

    def _listen(self, app: ASGIApp) -> tuple[Coroutine[Any, Any, None], Callable[[], None]]:
        """What answers, and how to end that."""
        config = uvicorn.Config(app, log_config=None, lifespan="off", ws="websockets-sansio", proxy_headers=False)
        server = uvicorn.Server(config)
        sock = socket.create_server(("127.0.0.1", 0))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as tintype.listeners does
        self.url = "http://{}:{}".format(*sock.getsockname())
        return server.serve([sock]), lambda: setattr(server, "should_exit", True)

    async def _wait_for_leave(self, _job: Job, step: int) -> None:
        """Before its second step the painter waits until it may paint, or until the job is to be cancelled."""
        while step > 1 and not self.may_paint.is_set():
            current = await self.store.get(_job.id)
            if current is None or current.cancel_requested:
                return
            await asyncio.sleep(0.01)

    def stopping(self) -> None:
        """What a server tells its gateway before it stops."""
        self._loop.call_soon_threadsafe(self.app.state.gateway.stopping.set)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a verb of the store in the gateway's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def post(self, path: str = RUN, wish: Any = None, **options: Any) -> httpx.Response:
        return self.http.post(path, json=WISH if wish is None else wish, **options)

    def submit(self, **changes: Any) -> dict[str, Any]:
        return self.post(QUEUE, WISH | changes).raise_for_status().json()

    def completed(self, submitted: dict[str, Any]) -> dict[str, Any]:
        """The status of a request once it is over."""
        return self.until(submitted, "COMPLETED")

    def until(self, submitted: dict[str, Any], word: str) -> dict[str, Any]:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            status = self.http.get(submitted["status_url"], params={"logs": 1}).json()
            if status["status"] == word:
                return status
            time.sleep(0.01)
        raise TimeoutError(f"{submitted['request_id']} did not become {word}: {status}")

    def until_one_is(self, state: State) -> None:
        """Wait for one job, and one only, to be in this state."""
        wait_until(lambda: self.do(self.store.counts())[state] == 1)

    def count(self) -> int:
        """How many jobs are stored."""
        return sum(self.do(self.store.counts()).values())


def wait_until(holds: Callable[[], bool]) -> None:
    """Look again and again, for ten seconds at most."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
