"""The chore of the house: forget what is older than it should be."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import structlog

from tintype.files import INLINE, PARTS, PREVIEWS, SPOOL, UNTIL, FileStore
from tintype.store import Store

EVERY_SECONDS = 60.0
DAY = 86400.0
PREVIEW_SECONDS = 600.0
"""How long a caller who lost the connection can find the pictures of the steps."""

log = structlog.get_logger(__name__)


async def tidy(store: Store, files: FileStore, inline_seconds: float, keep_days: float) -> None:
    """:func:`tidy_once` once a minute, until cancelled."""
    while True:
        try:
            await tidy_once(store, files, inline_seconds, keep_days)
        except Exception:  # what is left lies there until the next minute
            log.exception("tidying failed")
        await asyncio.sleep(EVERY_SECONDS)


async def tidy_once(store: Store, files: FileStore, inline_seconds: float, keep_days: float) -> None:
    """Delete inline pictures, previews, files that ended or were never finished, and old requests and uploads."""
    await _forget_inline(store, files, inline_seconds)
    await files.expire(PREVIEWS, PREVIEW_SECONDS)
    for unfinished in (PARTS, SPOOL):
        await files.expire(unfinished, DAY)
    for end in await files.ends():
        if end <= time.time():
            await files.delete_prefix(f"{UNTIL}{end}")
    oldest = time.time() - keep_days * DAY
    # Files first: a row without a file is found again, a file without a row is not.
    while job_ids := await store.old_jobs(oldest):
        for job_id in job_ids:
            await files.delete_prefix(job_id)
        await store.purge(job_ids)
    await store.forget_workers(oldest)
    keys = await store.old_uploads(oldest, time.time() - DAY)
    for key in keys:
        await files.delete(key)
    await store.forget_uploads(keys)


async def _forget_inline(store: Store, files: FileStore, seconds: float) -> None:
    """The pictures of a job stay until so long after the last of them, and until the job is over."""
    saved: dict[str, datetime] = {}
    for key, stored in (await files.below(INLINE)).items():
        job_id = key.partition("/")[0]
        saved[job_id] = max(stored.modified, saved.get(job_id, stored.modified))
    for job_id, last in saved.items():
        if last < datetime.now(UTC) - timedelta(seconds=seconds):
            job = await store.get(job_id)
            if job is None or job.state.is_final:
                await files.delete_prefix(f"{INLINE}{job_id}")
