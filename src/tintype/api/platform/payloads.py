"""Forgetting what was in a request: ``DELETE /v1/models/requests/{id}/payloads``."""

import time
from collections import OrderedDict
from typing import Annotated

import obstore
import structlog
from fastapi import Header
from pydantic import BaseModel

from tintype.api.errors import UNKNOWN
from tintype.api.gateway import Gateway, Wired
from tintype.api.platform.callers import Admin
from tintype.api.surface import Seen, Surface
from tintype.api.watch import ID
from tintype.core import Job
from tintype.errors import Refusal, ServiceRefused
from tintype.files import INLINE, PREVIEWS, UNTIL

REMEMBERED_SECONDS = 600.0
MOST_REMEMBERED = 1000

log = structlog.get_logger(__name__)


class DeletedLink(BaseModel):
    """What became of one picture."""

    link: str
    exception: str | None = None


class DeletedPayloads(BaseModel):
    """What is answered."""

    cdn_delete_results: list[DeletedLink]


class Payloads:
    """For the callers of one process: who repeats an Idempotency-Key within ten minutes hears the same again."""

    def __init__(self) -> None:
        self._said: OrderedDict[tuple[str, ...], tuple[float, DeletedPayloads]] = OrderedDict()

    async def delete(
        self,
        request_id: str,
        gateway: Wired,
        caller: Admin,
        surface: Seen,
        idempotency_key: Annotated[str | None, Header()] = None,
    ) -> DeletedPayloads:
        """The input, the output, the log and the pictures. Once they are gone, there is nothing to list."""
        key = (caller.account, request_id, idempotency_key or "")
        if idempotency_key and (said := self._remembered(key)):
            return said
        job = await gateway.store.get(request_id) if ID.fullmatch(request_id) else None
        if job is None:
            raise Refusal(UNKNOWN)
        if not job.state.is_final:
            raise ServiceRefused(400, "Request is still in progress: cancel it, or wait for its end")
        answer = DeletedPayloads(cdn_delete_results=await _delete_pictures(job, gateway, surface))
        if not any(each.exception for each in answer.cdn_delete_results):  # else the next try finds them again
            await _delete_rest(job, gateway)
        if idempotency_key:
            self._remember(key, answer)
        return answer

    def _remembered(self, key: tuple[str, ...]) -> DeletedPayloads | None:
        at, said = self._said.get(key, (float("-inf"), None))
        return said if time.monotonic() - at < REMEMBERED_SECONDS else None

    def _remember(self, key: tuple[str, ...], said: DeletedPayloads) -> None:
        self._said[key] = (time.monotonic(), said)
        if len(self._said) > MOST_REMEMBERED:
            self._said.popitem(last=False)


async def _delete_pictures(job: Job, gateway: Gateway, surface: Surface) -> list[DeletedLink]:
    deleted: list[DeletedLink] = []
    for image in job.result.images if job.result is not None else ():
        link = f"{surface.root}/files/{image.key}"
        try:
            await gateway.files.delete_prefix(image.key.rpartition("/")[0])
        except (OSError, obstore.exceptions.BaseError) as error:
            log.warning("a picture could not be deleted", key=image.key, reason=str(error))
            deleted.append(DeletedLink(link=link, exception="The file could not be deleted; try again"))
        else:
            deleted.append(DeletedLink(link=link, exception=None))
    return deleted


async def _delete_rest(job: Job, gateway: Gateway) -> None:
    """Files of other attempts and of steps; then the row, which would lead to the files."""
    ends = (f"{UNTIL}{end}/" for end in await gateway.files.ends())
    for folder in ("", INLINE, PREVIEWS, *ends):
        await gateway.files.delete_prefix(f"{folder}{job.id}")
    await gateway.store.forget(job.id)
