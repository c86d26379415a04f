"""The small pictures of steps, as events."""

from collections.abc import AsyncGenerator

from tintype import images
from tintype.core import JSON, Params
from tintype.files import PREVIEWS, FileStore


class Previews:
    """The small pictures that the worker leaves, in the order in which they were made."""

    def __init__(self, job_id: str, params: Params, files: FileStore) -> None:
        self._folder = f"{PREVIEWS}{job_id}"
        self._params = params
        self._files = files
        self._shown = ""
        self._last: JSON | None = None
        self._latest: dict[int, JSON] = {}

    async def latest(self) -> JSON | None:
        """The last of all events so far; None before the first step."""
        async for event in self.new():
            self._last = event
        return self._last

    async def new(self) -> AsyncGenerator[JSON]:
        """An event for each that was not shown yet: all pictures as they stand, and how far it is."""
        for key in await self._files.keys(self._folder):
            if key <= self._shown:
                continue
            self._shown = key
            data = await self._files.get(key)
            if data is None:
                continue
            _, image, step = map(int, key.rpartition("/")[2].partition(".")[0].split("-"))
            width, height = images.size(data)
            url = images.data_uri(data, "image/jpeg")
            self._latest[image] = {"url": url, "content_type": "image/jpeg", "width": width, "height": height}
            steps = self._params.steps
            yield {
                "images": [self._latest[n] for n in sorted(self._latest)],
                "progress": round((image * steps + step) / (self._params.images * steps), 4),
                "step": step,
                "num_inference_steps": steps,
            }
