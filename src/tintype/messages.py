"""What crosses the pipe between a supervisor and its engine child: frozen data, pickled; standard library only."""

from dataclasses import dataclass, field
from typing import Literal

from tintype.core import Failure

SafetyChecker = Literal["on", "off", "missing"]
"""Whether an engine can check pictures: it can; it was told not to; its model has no checker."""


@dataclass(frozen=True, slots=True)
class Generate:
    """To the child: paint this. One at a time."""

    job_id: str
    prompt: str
    width: int
    height: int
    steps: int
    seed: int
    images: int
    previews: bool = False
    """Report every step with a small picture."""
    expand: bool = False
    """Write the prompt anew first, and paint that."""
    check: bool = False
    """Have the safety checker see every picture; the job fails if there is none."""
    acceleration: str = "none"
    """Which of the engine's levels paints."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """To the child: stop this job before its next step; ignored if it is not the one being painted."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Phase:
    """From the child, while it starts: what it is doing, for people to read."""

    text: str


@dataclass(frozen=True, slots=True)
class Ready:
    """From the child: send work."""

    model: str
    version: str
    checksum: str
    device: str
    dtype: str
    seconds: float
    safety_checker: SafetyChecker = "missing"
    acceleration: dict[str, str] = field(default_factory=lambda: dict[str, str]())
    """What each level of acceleration is on its device, for people to read."""
    memory: float = 0
    """GB that its plan was made for; given to the next start, it makes the same plan. 0: it makes none."""


@dataclass(frozen=True, slots=True)
class Unable:
    """From the child, and its last word: it cannot start, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a picture is going to be, small, as ``width * height * 3`` bytes of RGB."""

    width: int
    height: int
    pixels: bytes


@dataclass(frozen=True, slots=True)
class Words:
    """From the child: a piece of the expanded prompt, as soon as it is written."""

    job_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Expanded:
    """From the child: the prompt that is painted."""

    job_id: str
    prompt: str
    seconds: float
    trouble: str = ""
    """Why it is the given one after all; empty: it is not."""


@dataclass(frozen=True, slots=True)
class StepDone:
    """From the child: one denoising step of the job is done."""

    job_id: str
    image: int
    step: int
    steps: int
    seconds: float
    preview: Preview | None = None
    """If it was asked for, and the model has a map for it."""


@dataclass(frozen=True, slots=True)
class PictureDone:
    """From the child: one picture of the job, as ``width * height * 3`` bytes of RGB."""

    job_id: str
    image: int
    width: int
    height: int
    pixels: bytes
    flagged: bool = False
    """The safety checker found something; the pixels are black already."""


@dataclass(frozen=True, slots=True)
class Finished:
    """From the child: every picture of the job was sent."""

    job_id: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Stopped:
    """From the child: the job was cancelled and is no longer painted."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """From the child: this job cannot be painted, now or on another attempt. The child goes on."""

    job_id: str
    failure: Failure


Command = Generate | Cancel
Outcome = Finished | Stopped | Failed
"""The last report about a job."""
JobReport = Words | Expanded | StepDone | PictureDone | Outcome
Report = Phase | Ready | Unable | JobReport
