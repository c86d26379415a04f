"""Every way Tintype says no.

::

    TintypeError
    ├── SetupError            the operator's to mend: printed as one plain line, exit status 1
    └── Refusal               an answer to a client, in fal's words
        ├── InputRefused      422, fal's list of field errors; the model's own refusals
        └── ServiceRefused    fal's flat form with an error_type; the service around the model

``assert`` is for our own mistakes only.
"""

from typing import Any

from tintype.core import Failure


class TintypeError(Exception):
    """Anything Tintype raises on purpose."""


class SetupError(TintypeError):
    """Something the operator must mend; the message says what was found, what is allowed and what to do."""


class Refusal(TintypeError):
    """An answer other than a picture."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


class InputRefused(Refusal):
    """The input breaks a rule of the schema: one entry per broken rule, in pydantic's form."""

    def __init__(self, details: list[dict[str, Any]]) -> None:
        super().__init__(Failure(422, details))


class ServiceRefused(Refusal):
    """The service could not do what was asked."""

    def __init__(self, status: int, detail: str, error_type: str | None = None) -> None:
        super().__init__(Failure(status, detail, error_type))


CANCELLED = Failure(499, "Request was cancelled", "client_cancelled")
"""The result of a cancelled job."""

WORKER_LOST = Failure(503, "The worker died while it ran this request, on every attempt", "runner_disconnected")
"""The result of a job whose worker died once too often."""

NOT_STARTED = Failure(504, "The request was not started within the time that its sender gave", "startup_timeout")
"""The result of a job that waited longer than its submitter wanted."""

INTERNAL = Failure(500, "Internal error", "internal_error")
"""A mistake of ours; the server's log has the traceback."""
