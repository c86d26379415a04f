"""What makes the networks fast: an ordered list of named passes, each a change to the plain model.

The plain model in ``tintype.model`` says what is computed. A pass replaces a part of it by a faster twin, and a test
holds it to the plain answer. ``acceleration`` of a request chooses a level, a level is a list of passes:

* ``none``: nothing is approximated. On a CPU the picture is the plain model's, bit for bit; on a GPU it is as near to
  the fp32 result as the plain model's, or nearer.
* ``regular``: matrix products in 8 bits besides, and on a CPU attention's scores in bf16.
* ``high``: steps foretold besides.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import nn

from tintype.engine.networks import Networks
from tintype.engine.passes import (
    allocator,
    attention,
    captions,
    compiled,
    eight_bit,
    image_rows,
    in_place,
    laid_out,
    modulations,
    packed,
    positions,
    step_cache,
)
from tintype.engine.plan import Plan

Exactness = Literal["exact", "as near", "lossy"]
"""Bit-equal to the plain model on a CPU; sums in another order or fewer roundings, so as near to the fp32 result as the
plain model or nearer; an approximation."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One change to the plain model."""

    name: str
    what: str
    """In a few words, for the table of what each is worth."""
    exactness: Exactness
    apply: Callable[[Networks], None]
    devices: frozenset[str] = frozenset({"cpu", "cuda", "mps"})
    """Where it is worth having."""


PASSES = (
    Pass("allocator", "freed memory is kept for the next tensor", "exact", allocator.apply, frozenset({"cpu"})),
    Pass("captions", "a prompt is read once", "exact", captions.apply),
    Pass("positions", "rotary angles once per shape, complex on a CPU", "exact", positions.apply),
    Pass("modulations", "adaLN once per time", "exact", modulations.apply, frozenset({"cpu", "mps"})),
    Pass("image-rows", "the last block works on the image alone", "exact", image_rows.apply, frozenset({"cpu"})),
    Pass("in-place", "the decoder overwrites its activations", "exact", in_place.apply),
    Pass("packed", "one product for q, k, v and one for w1, w3", "as near", packed.apply, frozenset({"cuda"})),
    Pass("laid-out", "weights in the order of the kernels", "exact", laid_out.apply, frozenset({"cpu"})),
    Pass("laid-out-text", "the text encoder's too", "exact", laid_out.apply_to_text, frozenset({"cpu"})),
    Pass("eight-bit", "8-bit matrix products, a scale per row", "lossy", eight_bit.apply),
    Pass("attention", "attention as products in bf16", "lossy", attention.apply, frozenset({"cpu"})),
    Pass("compiled", "fused kernels in the blocks", "as near", compiled.apply, frozenset({"cuda"})),
    Pass("compiled-decoder", "the decoder's too", "as near", compiled.apply_to_decoder, frozenset({"cuda"})),
    Pass("compiled-text", "the text encoder's too", "as near", compiled.apply_to_text, frozenset({"cuda"})),
    Pass("step-cache", "some steps foretold", "lossy", step_cache.apply),
)
"""In the order in which they are applied."""

LEVELS: Mapping[str, tuple[str, ...]] = {
    "none": (
        "allocator",
        "captions",
        "positions",
        "modulations",
        "image-rows",
        "in-place",
        "packed",
        "laid-out",
        "laid-out-text",
        "compiled",
        "compiled-decoder",
        "compiled-text",
    ),
    "regular": ("eight-bit", "attention", "compiled"),  # anew, for it is other code
    "high": ("eight-bit", "attention", "compiled", "step-cache"),
}
"""What each level of acceleration adds; ``none`` is in all of them."""


OWN_BLOCKS = frozenset({"packed", "laid-out", "compiled", "eight-bit"})
"""Passes that change the transformer's blocks, which other levels may share."""
NEEDS_WEIGHTS = OWN_BLOCKS - {"compiled"}
"""Passes that are left out where blocks are in 8 bits from the start."""
NEEDS_BLOCKS = OWN_BLOCKS | {"modulations", "image-rows"}
"""Passes that are left out where blocks are streamed."""
NEEDS_TEXT_ENCODER = frozenset({"laid-out-text", "compiled-text"})
"""Passes that are left out where the text encoder is streamed."""
NEEDS_A_COPY = frozenset({"attention"})
"""Lossy passes that are left out where ``none`` has the only blocks, unless those are in 8 bits at every level."""
NEEDS_A_COMPILER = frozenset({"compiled", "compiled-decoder", "compiled-text"})
"""Passes that are left out where no C compiler is, which Triton needs to start."""


def levels_of(
    networks: Networks,
    device: torch.device,
    levels: Mapping[str, Sequence[str]] = LEVELS,
    plan: Plan | None = None,
) -> dict[str, Networks]:
    """The networks of every level, made of the plain ``networks``, which become those of ``none``.

    Where ``plan`` leaves one form of the transformer only, every level has that one.
    """
    left_out = without(device, plan)
    accelerate(networks, device, [name for name in levels["none"] if name not in left_out])
    whole, small = {"none": networks}, None
    for level, every in levels.items():
        names = [name for name in every if name not in left_out]
        if level == "none":
            continue
        if "eight-bit" in names and small is None:
            small = networks.beside()
            accelerate(small, device, [name for name in names if name in OWN_BLOCKS])
        whole[level] = replace(small if small is not None and "eight-bit" in names else networks)
        accelerate(whole[level], device, [name for name in names if name not in OWN_BLOCKS])
    return whole


def without(device: torch.device, plan: Plan | None) -> frozenset[str]:
    """The passes that are left out on ``device`` as it is, and for what ``plan`` leaves of the networks."""
    left_out: frozenset[str] = frozenset()
    if lacks_a_compiler(device):
        left_out = NEEDS_A_COMPILER
    if plan is None:
        return left_out
    if plan.streams_text_encoder:
        left_out |= NEEDS_TEXT_ENCODER
    if plan.streams_transformer:
        left_out |= NEEDS_BLOCKS | NEEDS_A_COPY
    elif plan.eight_bit:
        left_out |= NEEDS_WEIGHTS
    elif not plan.holds_both:
        left_out |= NEEDS_A_COPY | {"eight-bit"}
    return left_out


def lacks_a_compiler(device: torch.device) -> bool:
    """Whether kernels would be made for ``device``, and cannot be."""
    return device.type == "cuda" and not compiled.can_compile()


def shrink_for(device: torch.device) -> Callable[[nn.Module], None] | None:
    """What makes a block smaller by 8-bit weights on ``device``, if anything does."""
    kernel = eight_bit.kernel_for(device)
    return None if kernel is None else functools.partial(eight_bit.shrink, kernel=kernel)


def meanings(device: torch.device, dtype: torch.dtype, plan: Plan | None = None) -> dict[str, str]:
    """What each level is on ``device``, for people to read."""
    kernel = eight_bit.kernel_for(device)
    exact = f"{str(dtype).removeprefix('torch.')}, nothing approximated"
    if lacks_a_compiler(device):
        exact += "; slower than it could be: install a C compiler and the headers of Python, which Triton needs"
    numbers = f"matrix products in {kernel.numbers}, a scale per row" if kernel else "as none; nothing is faster here"
    if plan is not None and plan.eight_bit:
        exact = f"as regular, the caption's refiner too, for memory holds the transformer only so: {numbers}"
    elif plan is not None and kernel is not None and not plan.holds_both:
        numbers = "as none, for memory holds no second transformer"
    return {"none": exact, "regular": numbers, "high": f"{numbers}; steps 3 and 5 of eight foretold"}


def accelerate(networks: Networks, device: torch.device, names: Sequence[str]) -> None:
    """Apply the passes called ``names`` that are worth having on ``device``, in their order.

    Raises:
        ValueError: there is no such pass.
    """
    known = {one.name: one for one in PASSES}
    if strange := [name for name in names if name not in known]:
        raise ValueError(f"no pass is called {strange[0]!r}; there are {', '.join(known)}")
    for one in PASSES:
        if one.name in names and device.type in one.devices:
            one.apply(networks)
