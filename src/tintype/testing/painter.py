"""A worker without a model, for tests of whatever stands before or behind the API.

It claims from a real store, keeps real files and finishes real jobs. Only the pictures are not worth looking at:
each is one flat colour, told by the prompt, the seed and its number. A prompt with the word ``nsfw`` is flagged.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from tintype import images
from tintype.core import ImageFile, Job, LogLine, Params, Result
from tintype.files import INLINE, FileStore, ending, preview_key
from tintype.store import Bus, Store
from tintype.store.bus import WORK
from tintype.testing.colours import is_flagged, picture

POLL_SECONDS = 0.2


class FakePainter:
    """Paints every job that is queued, one after the other, for as long as :meth:`run` runs."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        files: FileStore,
        *,
        worker: str = "fake-painter",
        before_step: Callable[[Job, int], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        """``before_step(job, n)`` is awaited before step n (from 1): tests stop time with it."""
        self.worker = worker
        self.painted: list[str] = []
        """Ids of the jobs it was given, in that order."""
        self._store = store
        self._bus = bus
        self._files = files
        self._before_step = before_step

    async def run(self) -> None:
        """Work until cancelled."""
        with self._bus.subscribe(WORK) as wake:
            while True:
                jobs = await self._store.claim(self.worker, 1)
                for job in jobs:
                    await self.paint(job)
                if not jobs:
                    await wake.wait(POLL_SECONDS)

    async def paint(self, job: Job) -> None:
        """One claimed job, to its end: done, or cancelled between two steps."""
        assert job.params is not None, "only validated jobs are queued"
        self.painted.append(job.id)
        for step in range(1, job.params.steps + 1):
            if self._before_step is not None:
                await self._before_step(job, step)
            current = await self._store.get(job.id)
            if current is None or current.cancel_requested:
                await self._store.cancelled(job)
                return
            if job.terms.previews:
                await self._keep_preview(job, job.params, step)
            await self._store.log(job, [LogLine(f"step {step}/{job.params.steps}")])
        pictures = [await self._save(job, job.params, n) for n in range(job.params.images)]
        result = Result(
            images=tuple(pictures),
            seed=job.params.seed,
            prompt=job.params.prompt,
            flagged=(is_flagged(job.params.prompt, job.params.check_safety),) * len(pictures),
            timings={"inference": 0.125},
        )
        await self._store.finish(job, result)

    async def _keep_preview(self, job: Job, params: Params, step: int) -> None:
        """All steps are the first picture's."""
        small = picture(params.prompt, params.seed, 16 * 12, is_flagged(params.prompt, params.check_safety))
        data = images.encode(small, 16, 12, "jpeg")
        await self._files.put(preview_key(job.id, job.attempt, 0, step), data, durable=False)

    async def _save(self, job: Job, params: Params, n: int) -> ImageFile:
        pixels = flat_pixels(params, n)
        data = await asyncio.to_thread(images.encode, pixels, params.width, params.height, params.format)
        folder = f"{INLINE}{job.id}" if params.inline else ending(job.id, job.terms.media_seconds)
        key = f"{folder}/{job.attempt}/{n}.{images.extension(params.format)}"
        await self._files.put(key, data)
        return ImageFile(key, images.content_type(params.format), len(data), params.width, params.height)


def flat_pixels(params: Params, n: int) -> bytes:
    """Picture ``n`` of a wish, as ``width * height * 3`` bytes of RGB."""
    flagged = is_flagged(params.prompt, params.check_safety)
    return picture(params.prompt, params.seed + n, params.width * params.height, flagged)
