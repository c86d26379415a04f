"""The one who delivers: takes what is owed from the store, has it sent, writes down what became of it."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from tintype.core import Job
from tintype.errors import ServiceRefused
from tintype.store import Bus, Store
from tintype.store.bus import OWED
from tintype.store.deliveries import Try
from tintype.webhook_keys import WebhookKeys
from tintype.webhooks import message
from tintype.webhooks.sender import NoAnswer, NotAllowed, Sender

AT_ONCE = 32
"""Deliveries under way at the same time. One that hangs holds its place for 15 s."""
POLL_SECONDS = 1.0
"""The longest that a lost wake-up delays a delivery."""
PAUSES = tuple(min(2.0**n, 960.0) for n in range(16))
"""Seconds from the end of a failed try to the next: 17 tries, the last not quite two hours after the first."""
JITTER = 0.2
"""Up to so much of a pause is left out, so that what failed together is not tried together."""
GRACE_SECONDS = 3.0
"""How long calls that are under way may take to end when the server stops."""

Payload = Callable[[Job, str], Awaitable[Any]]
"""What a job that is over is answered with, with media addresses that begin with the given root; None: it is gone."""

log = structlog.get_logger(__name__)


class Deliverer:
    """Delivers for one store. Several may share one: what one has taken, the others leave alone."""

    def __init__(self, store: Store, bus: Bus, keys: WebhookKeys, sender: Sender, payload: Payload) -> None:
        self._store = store
        self._bus = bus
        self._keys = keys
        self._sender = sender
        self._payload = payload
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            with self._bus.subscribe(OWED) as wake:
                while True:
                    for job, n in await self._take(AT_ONCE - len(self._under_way)):
                        task = asyncio.create_task(self._deliver(job, n))
                        self._under_way.add(task)
                        task.add_done_callback(self._under_way.discard)
                        task.add_done_callback(lambda _: wake.wake())
                    await wake.wait(POLL_SECONDS)
        finally:
            await self._stop()

    async def _take(self, limit: int) -> list[tuple[Job, int]]:
        try:
            return await self._store.owed(limit) if limit else []
        except ServiceRefused as away:
            log.warning("no delivery can be taken", reason=str(away))
        except Exception:  # what it was about stays owed
            log.exception("taking deliveries failed by a mistake of ours")
        return []

    async def _stop(self) -> None:
        calls = set(self._under_way)
        if calls:
            await asyncio.wait(calls, timeout=GRACE_SECONDS)
        for task in calls:
            task.cancel()  # owed again at the next start
        await asyncio.gather(*calls, return_exceptions=True)

    async def _deliver(self, job: Job, n: int) -> None:
        """One try, to the line in the store that tells of it."""
        began = time.monotonic()
        status, error, may_change = await self._call(job)
        made = Try(n, 0.0, round(time.monotonic() - began, 3), status, error)
        again_in = pause(n) if error and may_change else None
        log.info("webhook called", request=job.id, attempt=n, status=status, error=error, again_in=again_in)
        while True:
            try:
                return await self._store.tried(job.id, made, again_in)
            except ServiceRefused as away:  # or the receiver would be told again
                log.warning("the database is away; the outcome of a delivery waits for it", reason=str(away))
            await asyncio.sleep(POLL_SECONDS)

    async def _call(self, job: Job) -> tuple[int | None, str | None, bool]:
        """The status of the answer, why the try failed, and whether another may do better."""
        webhook = job.terms.webhook
        assert webhook is not None, "only jobs with a webhook owe a delivery"
        try:
            body = message.compose(job, await self._payload(job, webhook.root))
            status = await self._sender.post(webhook.url, body, message.headers(job, body, self._keys))
        except NotAllowed as refusal:
            return None, str(refusal), False
        except NoAnswer as silence:
            return None, str(silence), True
        except Exception:
            log.exception("a delivery failed by a mistake of ours", request=job.id)
            return None, "a mistake of the server's; its log has the traceback", True
        if 200 <= status <= 299:
            return status, None, False
        if 300 <= status <= 399:
            return status, f"answered {status}: redirects are not followed; give the final address", False
        return status, f"answered {status}", True


def pause(n: int) -> float | None:
    """Seconds to wait after the failed try ``n``; None: it was the last."""
    if n > len(PAUSES):
        return None
    return PAUSES[n - 1] * random.uniform(1 - JITTER, 1)
