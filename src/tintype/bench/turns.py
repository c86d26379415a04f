"""What crosses the pipe between the bench and the engines it measures: frozen data, pickled."""

from dataclasses import dataclass
from pathlib import Path

from tintype.core import Acceleration


@dataclass(frozen=True, slots=True)
class Engine:
    """To a child, and first: which engine to be, of which weights."""

    name: str
    """As the table shows it: ``tintype none``, ``diffusers bf16``."""
    kind: str
    """The module that knows it: one of :data:`tintype.bench.child.PAINTERS`."""
    model: Path
    device: str = "auto"
    dtype: str = ""
    """``float32`` or ``bfloat16``; empty: what the engine itself would take."""
    threads: int = 0
    acceleration: Acceleration = "none"
    """Of Tintype."""
    passes: tuple[str, ...] | None = None
    """Of Tintype: exactly these, whatever a level has; None: those of the level."""
    as_people_run_it: bool = False
    """Without the variables that Tintype sets for its own engine, such as how threads wait."""
    memory: float = 0
    """Of Tintype: GB that it may take, as the server's setting; 0: what is free."""
    max_pixels: int = 0
    """Of Tintype: the largest picture that it will be asked for, if that is larger than most are."""
    variant: str = ""
    """Of diffusers: ``compiled``. Of stable-diffusion.cpp: how it keeps weights, such as ``q8_0``."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """From the child: it can paint."""

    device: str
    dtype: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Wish:
    """To the child: paint this."""

    prompt: str
    other_prompt: str
    """As many tokens as ``prompt`` has, never asked before: to time the text encoder alone, past any cache."""
    width: int
    height: int
    steps: int
    seed: int


@dataclass(frozen=True, slots=True)
class Painted:
    """From the child: one picture, and how long it took. Times in seconds, after the device was done with each part."""

    seconds: float
    """From the prompt to pixels."""
    steps: tuple[float, ...] = ()
    """Each step but the first, with which the text is read; empty: the engine does not tell."""
    text: float | None = None
    """Reading the prompt."""
    decode: float | None = None
    """From latents to pixels."""
    encode: float | None = None
    """From pixels to a PNG; not part of ``seconds``."""
    pixels: bytes = b""
    """``width * height * 3`` of RGB; empty: of other noise, so there is nothing to compare."""
    forecast: int = 0
    """Of Tintype: the most bytes that its memory plan expects to take for such a picture."""


@dataclass(frozen=True, slots=True)
class Multiply:
    """To the child: how fast are matrix products of your dtype on your device? Answered with FLOPs a second."""


@dataclass(frozen=True, slots=True)
class Peak:
    """To the child: how much memory did you have at most? Answered with bytes: of the device, else of the process."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """From the child, and its last word: why it cannot."""

    reason: str


Command = Wish | Multiply | Peak
Answer = Loaded | Painted | float | int | Trouble
