"""The answer to a job that is over: fal's output object, or why there is none."""

from starlette.responses import JSONResponse, Response

from tintype import images
from tintype.api.envelope import REQUEST_ID
from tintype.api.errors import UNKNOWN, render
from tintype.api.gateway import Gateway
from tintype.api.schemas import output
from tintype.api.surface import Surface
from tintype.core import JSON, ImageFile, Job, State
from tintype.errors import CANCELLED, Refusal
from tintype.files import INLINE


async def answer(job: Job, gateway: Gateway, surface: Surface) -> Response:
    """The result of a final job, the same every time it is asked for; only the host in addresses follows the asker.

    404 if it was inline (``sync_mode``) and its pictures have been forgotten.
    """
    headers = {REQUEST_ID: job.id}
    try:
        content = await outcome(job, gateway, surface)
    except Refusal as refusal:
        return render(refusal.failure, headers)
    assert job.result is not None, "it was refused otherwise"
    return JSONResponse(content, headers=headers | {"x-fal-billable-units": f"{job.result.megapixels:.4f}"})


async def outcome(job: Job, gateway: Gateway, surface: Surface) -> JSON:
    """fal's output object of a final job; Refusal: why there is none."""
    if job.state is State.DONE and job.result is None:  # its payloads were deleted
        raise Refusal(UNKNOWN)
    if job.result is None:
        raise Refusal(job.failure or CANCELLED)
    urls = [await address(image, gateway, surface) for image in job.result.images]
    known = [url for url in urls if url is not None]
    if len(known) < len(urls):
        raise Refusal(UNKNOWN)
    return output(job.result, known).model_dump()


async def address(image: ImageFile, gateway: Gateway, surface: Surface) -> str | None:
    """Where the picture can be fetched, or itself as a data URI; None if it is no longer there."""
    if not image.key.startswith(INLINE):
        return f"{surface.root}/files/{image.key}"
    data = await gateway.files.get(image.key)
    return None if data is None else images.data_uri(data, image.content_type)
