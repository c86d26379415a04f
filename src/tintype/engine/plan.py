"""Where each network is to lie, chosen before anything is loaded: the first layout whose worst moment fits the budget.

The layouts, best first: everything on the device; the text encoder streamed (its layers lie on the host, each is copied
to the device when it runs); the transformer in 8 bits, with the text encoder on the device or streamed; both streamed.
Streaming changes no bit of a picture on a CPU, and the last ones on CUDA, where layers that stay are compiled. 8 bits
change more, so a request cannot have what it asks for with acceleration ``none``.
"""

import bisect
import math
from dataclasses import dataclass
from enum import Enum

import torch

from tintype.engine.available import available
from tintype.engine.checkpoint import Checkpoint
from tintype.engine.footprint import Footprint
from tintype.engine.passes import eight_bit
from tintype.errors import InputRefused, SetupError

GB = 10**9
USUAL_PIXELS = 1024 * 1024
"""A layout is not worth having if pictures of this size do not fit."""
LEAST_PIXELS = 1024 * 768
"""The picture that is painted to warm up is no larger; it fits even if no request may be as large."""
BASE = {"cpu": 350_000_000, "mps": 400_000_000, "cuda": 700_000_000}
"""What is taken with nothing loaded: on a CPU by Python, PyTorch and the libraries' threads, on CUDA by the driver's
context, the kernels and cuBLAS's workspace."""


class Layout(Enum):
    """What lies where; ``value`` is what people read."""

    RESIDENT = "all networks on the device"
    TEXT_STREAMED = "text encoder streamed"
    EIGHT_BIT = "transformer in 8 bits"
    EIGHT_BIT_TEXT_STREAMED = "transformer in 8 bits, text encoder streamed"
    SEQUENTIAL = "text encoder and transformer streamed"


IN_EIGHT_BIT = (Layout.EIGHT_BIT, Layout.EIGHT_BIT_TEXT_STREAMED)
QUICK = tuple(Layout)[:-1]
"""Those that copy nothing to the device in a step, best first. The other is slower by far, and comes last."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One layout on one device. :func:`choose` makes it; :mod:`~tintype.engine.placing` carries it out."""

    layout: Layout
    device: torch.device
    budget: int
    """Bytes that may be taken on the device."""
    pixels: int
    """The largest picture that fits; larger ones are refused."""
    wanted_pixels: int
    """The largest picture that was to fit."""
    needs: Footprint

    @property
    def eight_bit(self) -> bool:
        """Whether the transformer has to run in 8 bits."""
        return self.layout in IN_EIGHT_BIT

    @property
    def streams_text_encoder(self) -> bool:
        """Whether the text encoder's layers lie on the host."""
        return self.layout in (Layout.TEXT_STREAMED, Layout.EIGHT_BIT_TEXT_STREAMED, Layout.SEQUENTIAL)

    @property
    def streams_transformer(self) -> bool:
        """Whether the transformer's blocks lie on the host."""
        return self.layout is Layout.SEQUENTIAL

    @property
    def base(self) -> int:
        """Bytes that are taken with nothing loaded."""
        return BASE.get(self.device.type, BASE["cuda"])

    @property
    def holds_both(self) -> bool:
        """Whether the transformer is there in 8 bits besides, for the levels of acceleration that want it so."""
        if self.eight_bit or self.streams_transformer or not has_eight_bit(self.device):
            return False
        taken = self.base + sum(self._resident_once().values()) + self.work(self.wanted_pixels)
        return taken + self.needs.transformer.eight_bit <= self.budget

    @property
    def resident(self) -> dict[str, int]:
        """For each network the bytes of it that stay on the device, and those of the room for streamed layers."""
        parts = self._resident_once()
        return parts | {"transformer in 8 bits": self.needs.transformer.eight_bit} if self.holds_both else parts

    def _resident_once(self) -> dict[str, int]:
        needs, streamed = self.needs, self.streams_text_encoder
        encoder, transformer = needs.text_encoder, needs.transformer
        parts = {"text encoder": encoder.total, "transformer": transformer.total}
        if streamed:
            parts["text encoder"] -= encoder.blocks + encoder.table
        if self.eight_bit:
            parts["transformer"] = transformer.eight_bit
        if self.streams_transformer:
            parts["transformer"] -= transformer.blocks
        if streamed:
            largest = max(encoder.largest, transformer.largest if self.streams_transformer else 0)
            parts["streamed layers"] = rooms(self.device) * largest
        others = {"autoencoder": needs.autoencoder.total, "safety checker": needs.checker.total}
        return parts | others | {"captions": needs.captions()}

    def work(self, pixels: int | None = None) -> int:
        """The most bytes beside those that stay, while a picture of ``pixels`` is painted; default: the largest."""
        needs = self.needs
        reading = needs.reading() + needs.text_encoder.table * self.streams_text_encoder  # for logits, when expanding
        return max(needs.work(self.pixels if pixels is None else pixels), reading)

    def peak(self, pixels: int | None = None) -> int:
        """The forecast: the most bytes taken on the device, ever, with pictures of up to ``pixels``."""
        return self.base + sum(self.resident.values()) + self.work(pixels)

    def largest(self, width: int, height: int) -> tuple[int, int]:
        """The largest picture in the shape of ``width`` x ``height`` that fits; itself, if it does."""
        if width * height <= self.pixels:
            return width, height
        shrink = math.sqrt(self.pixels / (width * height))
        return max(1, int(width * shrink)), max(1, int(height * shrink))

    def admit(self, width: int, height: int) -> None:
        """Raise InputRefused if a picture of ``width`` x ``height`` does not fit."""
        largest = self.largest(width, height)
        if largest == (width, height):
            return
        text = (
            f"The image of {width}x{height} is too large for this machine's memory: at most {self.pixels} pixels fit, "
            f"which in this shape is {largest[0]}x{largest[1]}"
        )
        given, limits = {"width": width, "height": height}, {"max_width": largest[0], "max_height": largest[1]}
        entry = {"type": "image_too_large", "loc": ["body", "image_size"], "msg": text, "input": given, "ctx": limits}
        raise InputRefused([entry])

    def __str__(self) -> str:
        """One line: the layout, the forecast, and what it is made of."""
        parts = self.resident | {"work": self.work(), "PyTorch": self.base}
        text = (
            f"{self.layout.value}; at most {self.peak() / GB:.2f} of {self.budget / GB:.2f} GB on {self.device}: "
            + ", ".join(f"{name} {size / GB:.2f}" for name, size in parts.items() if size)
            + f"; pictures of up to {self.pixels} pixels"
        )
        if self.pixels < self.wanted_pixels:
            text += f", fewer than max_pixels {self.wanted_pixels}: larger ones are refused"
        return text


def has_eight_bit(device: torch.device) -> bool:
    """Whether ``device`` has 8-bit matrix products; a GPU that is not here is planned for as one that has."""
    if device.type == "cuda" and not torch.cuda.is_available():
        return torch.version.hip is None
    return eight_bit.kernel_for(device) is not None


def rooms(device: torch.device) -> int:
    """How many streamed layers ``device`` holds at once: the one that runs, and the next if it is copied meanwhile."""
    return 2 if device.type == "cuda" else 1


def planned(
    checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype, *, memory: float, max_pixels: int, checks: bool
) -> Plan:
    """The plan for ``checkpoint`` in ``dtype``, from the headers of its files.

    Args:
        checkpoint: opened, not loaded.
        device: where it is to run.
        dtype: in which it is to run.
        memory: GB (of 10^9 bytes) that may be taken there, believed; 0: what is free.
        max_pixels: the largest picture that is asked for.
        checks: whether the safety checker is loaded too.

    Raises:
        SetupError: nothing fits, or a file is damaged.
    """
    needs = Footprint.of(checkpoint, dtype, checks=checks)
    return choose(needs, device, round(memory * GB) or available(device), max_pixels)


def choose(needs: Footprint, device: torch.device, budget: int, max_pixels: int) -> Plan:
    """The best plan that keeps within ``budget`` bytes.

    Layouts that copy nothing in a step come first, with pictures of up to ``max_pixels``; then the smallest of them
    with the largest pictures that fit, if that is at least :data:`USUAL_PIXELS`; then the last layout in the same way.

    Raises:
        SetupError: none does.
    """
    max_pixels = max(max_pixels, LEAST_PIXELS)
    least = min(max_pixels, USUAL_PIXELS)
    quick = [layout for layout in QUICK if has_eight_bit(device) or layout not in IN_EIGHT_BIT]
    tried = [(layout, max_pixels) for layout in quick] + [(quick[-1], least)]
    for layout, pixels in [*tried, (Layout.SEQUENTIAL, max_pixels), (Layout.SEQUENTIAL, least)]:
        plan = Plan(layout, device, budget, pixels, max_pixels, needs)
        if plan.peak() <= budget:
            return _widened(plan)
    needed = Plan(Layout.SEQUENTIAL, device, budget, least, max_pixels, needs).peak()
    raise SetupError(
        f"{needs.checkpoint.name} does not fit: even with its layers streamed, pictures of {least} pixels take "
        f"{needed / GB:.2f} GB on {device}, and {budget / GB:.2f} GB may be taken. Free memory there, set memory to "
        "more, or set max_pixels to less"
    )


def _widened(plan: Plan) -> Plan:
    """The same for the largest pictures that fit."""
    sizes = range(plan.pixels, plan.wanted_pixels + 1)
    more = bisect.bisect_right(sizes, plan.budget, key=plan.peak)
    largest = sizes[more - 1]
    return Plan(plan.layout, plan.device, plan.budget, largest, plan.wanted_pixels, plan.needs)
