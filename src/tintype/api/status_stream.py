"""How a queued request goes on, told as it happens."""

from collections.abc import AsyncGenerator

from starlette.requests import Request
from starlette.responses import Response

from tintype.api.errors import UNKNOWN, render
from tintype.api.events import EventStream
from tintype.api.gateway import Gateway, Wired
from tintype.api.previews import Previews
from tintype.api.status import standing_now, wants_logs
from tintype.api.surface import Seen, Surface
from tintype.api.tokens import Caller
from tintype.api.waiting import POLL_SECONDS
from tintype.core import JSON


async def status_stream(job_id: str, request: Request, gateway: Wired, account: Caller, surface: Seen) -> Response:
    """``GET .../requests/{id}/status/stream[?logs=1]``: the status on every change, ending with ``COMPLETED``.

    Each log line is in one event only: fal's clients add them up. A request submitted with ``X-Tintype-Previews: 1``
    has a field more, ``preview``: an event of ``/stream``, with the pictures as they stand.
    """
    sight = await gateway.watch.look(job_id)
    if sight is None or sight.job is None or sight.job.account != account:
        return render(UNKNOWN, status="NOT_FOUND")
    job = await gateway.store.get(job_id) if sight.job.terms.previews else None
    previews = None if job is None or job.params is None else Previews(job_id, job.params, gateway.files)
    return EventStream(_statuses(job_id, wants_logs(request), gateway, surface, previews), gateway, job_id)


async def _statuses(
    job_id: str, logs: bool, gateway: Gateway, surface: Surface, previews: Previews | None
) -> AsyncGenerator[JSON]:
    told: JSON = {}
    lines_told = 0
    with gateway.bus.subscribe(job_id) as changes:
        while (sight := await gateway.watch.look(job_id)) is not None and sight.job is not None:
            job, lines = sight.job, sight.lines[lines_told:] if logs else None
            lines_told = len(sight.lines)
            now = await standing_now(job, gateway, surface, lines)
            if previews is not None:
                now |= {"preview": await previews.latest()}
            if now != told:
                yield now
            told = {**now, "logs": [] if logs else None}
            if job.state.is_final:
                return
            # Its position changes with other jobs, so it is also looked at without being woken.
            await changes.wait(POLL_SECONDS)
