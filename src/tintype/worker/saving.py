"""The pictures of one attempt on their way into the file store, while the engine is at the next ones."""

import asyncio
import time
from collections.abc import Callable

import structlog

from tintype import images, messages
from tintype.core import ImageFile, Job, LogLine, Params
from tintype.files import INLINE, UNTIL, FileStore, ending, preview_key

log = structlog.get_logger(__name__)

Say = Callable[[LogLine], None]
"""Adds a line to the job's log."""


class Saving:
    """Encodes and stores pictures one after the other, so that no more than two are in memory for it."""

    def __init__(
        self, job: Job, params: Params, files: FileStore, say: Say, before: asyncio.Task[None] | None = None
    ) -> None:
        """Nothing is written until ``before`` is over: a full disk may have room again then."""
        self._job = job
        self._params = params
        self._files = files
        self._say = say
        self._before = before
        self._kept: list[ImageFile] = []
        self._last: asyncio.Task[None] | None = None

    async def add(self, picture: messages.PictureDone) -> None:
        """Begin with this one as soon as those before it are kept. Raises what kept them from it."""
        await self.done()
        self._last = asyncio.create_task(self._save(picture))

    async def done(self) -> tuple[ImageFile, ...]:
        """Wait for the last one; all that were added, in their order. Raises what kept one from being kept."""
        if self._last is not None:
            await asyncio.wait([self._last])
            self._last.result()
        return tuple(self._kept)

    async def give_up(self) -> None:
        """Wait until nothing is written any more, however that ends: the attempt came to nothing."""
        if self._last is None:
            return
        if self._before is not None and not self._before.done():
            self._last.cancel()  # it has not begun to write; once it has, its thread would go on
        await asyncio.gather(self._last, return_exceptions=True)

    async def _save(self, picture: messages.PictureDone) -> None:
        """Encode one picture and put it where its address will point."""
        if self._before is not None:
            await asyncio.wait([self._before])
        started = time.perf_counter()
        job, params = self._job, self._params
        data = await asyncio.to_thread(images.encode, picture.pixels, picture.width, picture.height, params.format)
        key = f"{_folder(job, params)}/{job.attempt}/{picture.image}.{images.extension(params.format)}"
        await self._files.put(key, data)
        seconds = time.perf_counter() - started
        kilobytes = len(data) / 1000
        self._say(LogLine(f"image {picture.image + 1}/{params.images} saved, {kilobytes:.0f} kB, {seconds:.2f} s"))
        kind = images.content_type(params.format)
        self._kept.append(ImageFile(key, kind, len(data), picture.width, picture.height))


async def keep_preview(job: Job, step: messages.StepDone, preview: messages.Preview, files: FileStore) -> None:
    """Put the picture of one step where its watcher looks; the painting does not depend on it."""
    try:
        data = await asyncio.to_thread(images.encode, preview.pixels, preview.width, preview.height, "jpeg")
        await files.put(preview_key(job.id, job.attempt, step.image, step.step), data, durable=False)
    except Exception:
        log.exception("a preview is lost", job=job.id, step=step.step)


async def forget(job: Job, files: FileStore) -> None:
    """Delete the pictures of an attempt that came to nothing; at worst they stay until their end or the job's."""
    assert job.params is not None
    folders = [f"{INLINE}{job.id}" if job.params.inline else job.id]
    try:
        if job.terms.media_seconds is not None:  # each picture was given its own end
            folders += [f"{UNTIL}{end}/{job.id}" for end in await files.ends()]
        for folder in folders:
            await files.delete_prefix(f"{folder}/{job.attempt}")
    except Exception:
        log.exception("files of a failed attempt could not be deleted", job=job.id)


def _folder(job: Job, params: Params) -> str:
    """Where a file lies that a job makes now; inline ones are never served by address."""
    return f"{INLINE}{job.id}" if params.inline else ending(job.id, job.terms.media_seconds)
