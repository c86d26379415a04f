"""The chore of the house: forget what is older than it should be."""

import asyncio
import time

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
    await files.expire(INLINE, inline_seconds)
    await files.expire(PREVIEWS, PREVIEW_SECONDS)
    for unfinished in (PARTS, SPOOL):
        await files.expire(unfinished, DAY)
    for end in await files.ends():
        if end <= time.time():
            await files.delete_prefix(f"{UNTIL}{end}")
    oldest = time.time() - keep_days * DAY
    for job_id in await store.purge(oldest):
        await files.delete_prefix(job_id)
    # The file first: a row without a file is found again, a file without a row is not.
    keys = await store.old_uploads(oldest, time.time() - DAY)
    for key in keys:
        await files.delete(key)
    await store.forget_uploads(keys)
