"""The chore of the house: forget what is older than it should be."""

import asyncio
import time

import structlog

from tintype.files import INLINE, PREVIEWS, FileStore
from tintype.store import Store

EVERY_SECONDS = 60.0
DAY = 86400.0
PREVIEW_SECONDS = 600.0
"""How long a caller who lost the connection can find the pictures of the steps."""

log = structlog.get_logger(__name__)


async def tidy(store: Store, files: FileStore, inline_seconds: float, keep_days: float) -> None:
    """Once a minute, until cancelled: delete inline pictures, previews and, with their files, requests, if too old."""
    while True:
        try:
            await files.expire(INLINE, inline_seconds)
            await files.expire(PREVIEWS, PREVIEW_SECONDS)
            for job_id in await store.purge(time.time() - keep_days * DAY):
                await files.delete_prefix(job_id)
        except Exception:  # what is left lies there until the next minute
            log.exception("tidying failed")
        await asyncio.sleep(EVERY_SECONDS)
