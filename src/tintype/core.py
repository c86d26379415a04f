"""The nouns of Tintype: what is asked, what is owed, what is answered. Standard library only; imports nobody.

fal calls it a request; here it is a :class:`Job`, because "request" already means HTTP.
"""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal, Self

ENDPOINT = "fal-ai/z-image/turbo"
"""fal's name for the one model endpoint served here."""
APPLICATION = "fal-ai/z-image"
"""What fal's queue addresses name: the endpoint without its last part."""

FAL_HOSTS = {
    "fal.run": "/run",
    "queue.fal.run": "/queue",
    "falrun.com": "/run",  # where fal-client turns when it cannot connect to the two above
    "queue.falrun.com": "/queue",
    "ws.fal.run": "/ws",
    "rest.fal.ai": "/rest",
    "rest.alpha.fal.ai": "/rest",
    "fal.media": "/cdn",
    "v3.fal.media": "/cdn",
    "v3b.fal.media": "/cdn",
    "api.fal.ai": "/platform",
    "fal.ai": "",
}
"""Every host that fal's clients turn to, and the path prefix that stands for it here."""

Format = Literal["png", "jpeg", "webp"]
Acceleration = Literal["none", "regular", "high"]
JSON = dict[str, Any]


class State(StrEnum):
    """Where a job stands. Legal moves: queued -> running -> done or failed; cancelled from either; running -> queued
    when its worker died."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Nothing will change any more."""
        return self not in (State.QUEUED, State.RUNNING)


class Kind(StrEnum):
    """How the caller waits: on fal's queue, or on one open connection."""

    QUEUE = "queue"
    SYNC = "sync"


@dataclass(frozen=True, slots=True)
class Params:
    """One validated wish, with nothing left to default: the same params on the same model give the same pictures."""

    prompt: str
    width: int
    height: int
    steps: int
    seed: int
    images: int
    format: Format
    inline: bool
    """Answer with data URIs and keep no file (fal's ``sync_mode``)."""
    acceleration: Acceleration
    check_safety: bool
    expand_prompt: bool

    def to_json(self) -> JSON:
        """For the store."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: JSON) -> Self:
        """From the store."""
        return cls(**values)


@dataclass(frozen=True, slots=True)
class ImageFile:
    """One finished picture in the file store."""

    key: str
    """Where the file store keeps it; the address handed out is made from it per request."""
    content_type: str
    size: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Result:
    """What a job produced."""

    images: tuple[ImageFile, ...]
    seed: int
    prompt: str
    flagged: tuple[bool, ...]
    timings: dict[str, float] = field(default_factory=dict[str, float])
    """Seconds per phase; ``inference`` is the whole of it."""
    expanded: bool = False
    """Whether another prompt was made from the given one; that has its price."""

    @property
    def megapixels(self) -> float:
        """What is billed: millions of pixels, over all pictures."""
        return sum(image.width * image.height for image in self.images) / 1e6

    def to_json(self) -> JSON:
        """For the store."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: JSON) -> Self:
        """From the store."""
        return cls(
            images=tuple(ImageFile(**image) for image in values["images"]),
            seed=values["seed"],
            prompt=values["prompt"],
            flagged=tuple(values["flagged"]),
            timings=values["timings"],
            expanded=values.get("expanded", False),
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """What a job that produced nothing is answered with, in fal's words."""

    status: int
    """The HTTP status of the answer."""
    detail: str | list[JSON]
    """A text, or fal's list of field errors."""
    error_type: str | None = None
    """fal's name for a failure of the service; none for a refused input."""

    def to_json(self) -> JSON:
        """For the store."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: JSON) -> Self:
        """From the store."""
        return cls(**values)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a user wants to read about their job."""

    message: str
    time: float = 0.0
    """Seconds since 1970; 0: the store fills it in."""
    level: str = "INFO"
    source: str = "USER"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where the result is to be sent."""

    url: str
    root: str
    """How the submitter spells our address: media addresses in the message begin with it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a job is to be handled. None of it changes a picture."""

    start_seconds: float | None = None
    """Fail it if it has not been started by then."""
    retry: bool = True
    """Start it again if its worker dies."""
    keep_payloads: bool = True
    """Show input and output in the history."""
    media_seconds: float | None = None
    """Delete its pictures so long after they were made; None: with the job."""
    previews: bool = False
    """Keep a small picture of every step, for a caller who watches."""
    webhook: Webhook | None = None
    megapixel_price: float = 0.0
    """What a million pixels cost when it was submitted."""
    expansion_price: float = 0.0
    """What expanding the prompt cost then."""

    def to_json(self) -> JSON:
        """For the store."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: JSON) -> Self:
        """From the store."""
        webhook = values["webhook"] and Webhook(**values["webhook"])
        others: JSON = {name: value for name, value in values.items() if name != "webhook"}
        return cls(webhook=webhook, **others)


@dataclass(frozen=True, slots=True)
class Job:
    """One request, from its submission to its end."""

    id: str
    account: str
    """The id of the API key that submitted it; only that key may read it."""
    params: Params | None
    """None for an input that was refused, and once the payloads were deleted."""
    input: JSON | None = None
    """What was sent, word for word; for the history."""
    terms: Terms = Terms()
    endpoint: str = ENDPOINT
    kind: Kind = Kind.QUEUE
    priority: int = 0
    """0 normal, 1 low: smaller runs first."""
    state: State = State.QUEUED
    attempt: int = 0
    """How often it was started; a worker's writes count only for the attempt it was given."""
    worker: str | None = None
    cancel_requested: bool = False
    result: Result | None = None
    failure: Failure | None = None
    created_at: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None


class CancelOutcome(StrEnum):
    """What became of a wish to cancel."""

    REQUESTED = "requested"
    ALREADY_COMPLETED = "already_completed"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a client sends, or has sent."""

    key: str
    """Where the file store keeps it."""
    account: str
    content_type: str
    """What its sender calls it."""
    size: int | None = None
    """In bytes; None until all of it is here, and until then nobody can fetch it."""
    created_at: float = 0.0
    expires_at: float | None = None
    """When it ends; None: when it is as old as everything else may become."""
