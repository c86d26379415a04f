"""The answer to a job that is over: fal's output object, or why there is none."""

from starlette.responses import JSONResponse, Response

from tintype import images
from tintype.api.envelope import REQUEST_ID
from tintype.api.errors import UNKNOWN, content, render
from tintype.api.gateway import Gateway
from tintype.api.schemas import output
from tintype.api.surface import Surface
from tintype.core import JSON, ImageFile, Job, Result, State
from tintype.errors import CANCELLED, Refusal
from tintype.files import INLINE, FileStore


async def answer(job: Job, gateway: Gateway, surface: Surface) -> Response:
    """The result of a final job, the same every time it is asked for; only the host in addresses follows the asker.

    404 if it was inline (``sync_mode``) and its pictures have been forgotten, or if its payloads were deleted.
    """
    headers = {REQUEST_ID: job.id}
    try:
        body = await outcome(job, gateway, surface)
    except Refusal as refusal:
        return render(refusal.failure, headers)
    assert job.result is not None, "it was refused otherwise"
    return JSONResponse(body, headers=headers | {"x-fal-billable-units": f"{job.result.megapixels:.4f}"})


async def outcome(job: Job, gateway: Gateway, surface: Surface) -> JSON:
    """fal's output object of a final job; Refusal: why there is none."""
    body = await payload(job, surface.root, gateway.files)
    if body is None:
        raise Refusal(UNKNOWN)
    if job.result is None:
        raise Refusal(job.failure or CANCELLED)
    return body


async def payload(job: Job, root: str, files: FileStore) -> JSON | None:
    """The body of the answer to a final job, also sent to its webhook; None: it is no longer there.

    ``root`` is what the addresses of its pictures begin with.
    """
    if job.result is not None:
        return await _output(job.result, root, files)
    return None if job.state is State.DONE else content(job.failure or CANCELLED)


async def _output(result: Result, root: str, files: FileStore) -> JSON | None:
    urls = [await address(image, root, files) for image in result.images]
    known = [url for url in urls if url is not None]
    return output(result, known).model_dump() if len(known) == len(urls) else None


async def address(image: ImageFile, root: str, files: FileStore) -> str | None:
    """Where the picture can be fetched, or itself as a data URI; None if it is no longer there."""
    if not image.key.startswith(INLINE):
        return f"{root}/files/{image.key}"
    data = await files.get(image.key)
    return None if data is None else images.data_uri(data, image.content_type)
