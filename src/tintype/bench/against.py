"""Tintype and its peers side by side: the same weights, the same prompts and the same noise, in turn, in one run.

Each engine is a process of its own. While one paints the others wait; who is first changes from round to round. Where
memory does not hold two at once, an engine is started for each of its turns and ended after it.
"""

import contextlib
import importlib.util
import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from tintype.bench import flops, latency, machine
from tintype.bench.comparison import Comparison, Row
from tintype.bench.engines import Running, running
from tintype.bench.peers import PEERS
from tintype.bench.turns import Engine, Painted, Wish
from tintype.engine import golden, weights
from tintype.engine.checkpoint import NETWORKS, Checkpoint
from tintype.engine.pipeline import device_named
from tintype.engine.precision import default_dtype
from tintype.engine.sizes import Pixels, canvas_for
from tintype.errors import SetupError
from tintype.model.tokenizer import Tokenizer

SPARE = 1.2
"""An engine is taken to need so many times its weights' bytes when it is asked whether several fit."""
PACKED = {"q8_0": 34 / 32}
"""Variant of an engine -> bytes of a weight, where it keeps less than its dtype: 8 bits, and a scale for every 32."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is compared."""

    ours: tuple[Engine, ...]
    """Tintype, once for each level of acceleration."""
    peers: tuple[str, ...]
    size: tuple[int, int]
    steps: int
    rounds: int
    tokens: int
    as_people_run_it: bool = False
    """Start peers without the variables that Tintype sets for its own engine."""
    hold: bool | None = None
    """Keep engines loaded between their turns; None: if they fit."""


def compare(plan: Plan, report: Callable[[str], None] = lambda _: None) -> Comparison:
    """Measure all of ``plan``; a peer that is not here or cannot do it has a row that says so.

    Raises:
        SetupError: Tintype itself cannot do it, or the size is none that all engines can paint.
    """
    checkpoint = Checkpoint.open(plan.ours[0].model)
    _check_size(checkpoint, plan.size)
    peers = [_peer(plan, name, checkpoint) for name in plan.peers]
    work = _Turns(plan, checkpoint, checkpoint.tokenizer(), report, [Row(engine) for engine in plan.ours])
    with contextlib.ExitStack() as stack:
        if work.holds(peers):
            work.held = {engine.name: stack.enter_context(running(engine)) for engine in plan.ours}
            for engine in plan.ours:
                work.warm_up(work.held[engine.name])
        for row in peers:
            if not row.trouble:
                work.meet(row)
        if all(row.trouble for row in peers):
            work.alone()
    operations = flops.count(checkpoint, plan.tokens, *plan.size).by_part(plan.steps)
    rows = [*work.ours, *peers]
    return Comparison(checkpoint.name, plan.size, plan.steps, plan.rounds, plan.tokens, operations, rows)


@dataclass(slots=True)
class _Turns:
    plan: Plan
    checkpoint: Checkpoint
    tokenizer: Tokenizer
    report: Callable[[str], None]
    ours: list[Row]
    held: dict[str, Running] = field(default_factory=dict[str, Running])

    def holds(self, peers: list[Row]) -> bool:
        """Whether engines stay loaded between their turns."""
        if self.plan.hold is not None:
            return self.plan.hold
        free = machine.memory(device_named(self.plan.ours[0].device))
        largest = max((need(self.checkpoint, row.engine) for row in peers if not row.trouble), default=0)
        return SPARE * (sum(need(self.checkpoint, engine) for engine in self.plan.ours) + largest) < free

    def meet(self, peer: Row) -> None:
        """One peer and all of ours, in turn."""
        try:
            with contextlib.ExitStack() as stack:
                if self.held:
                    self.held[peer.engine.name] = stack.enter_context(running(peer.engine))
                    stack.callback(self.held.pop, peer.engine.name)
                    self.warm_up(self.held[peer.engine.name])
                for number in range(1, self.plan.rounds + 1):
                    self._round(number, [*self.ours, peer])
        except SetupError as error:
            if isinstance(error, _TroubleOf) and error.engine is not peer.engine:
                raise
            peer.trouble = str(error)
            return
        for ours in self.ours:
            pairs = zip(peer.painted, ours.painted[-len(peer.painted) :], strict=True)
            peer.ratios[ours.engine.name] = [theirs.seconds / mine.seconds for theirs, mine in pairs]
            peer.psnr[ours.engine.name] = distance(self.plan, ours.painted[0], peer.painted[0])

    def alone(self) -> None:
        """Ours only, for want of peers."""
        for number in range(1, self.plan.rounds + 1):
            self._round(number, self.ours)

    def warm_up(self, engine: Running) -> None:
        """A picture that does not count."""
        self.report(f"{engine.engine.name}: loaded in {engine.loaded.seconds:.1f} s, warming up")
        engine.paint(self._wish(0))

    def _round(self, number: int, rows: list[Row]) -> None:
        wish = self._wish(number)
        for row in rows if number % 2 else reversed(rows):
            self.report(f"{row.engine.name}, round {number} of {self.plan.rounds}")
            try:
                with self._turn(row.engine) as engine:
                    row.painted.append(engine.paint(wish))
                    row.dtype, row.peak = engine.loaded.dtype, max(row.peak, engine.peak_memory())
                    row.ceiling = max(row.ceiling, engine.product_speed())
            except SetupError as error:
                raise _TroubleOf(row.engine, str(error)) from error

    @contextlib.contextmanager
    def _turn(self, engine: Engine) -> Generator[Running]:
        if engine.name in self.held:
            yield self.held[engine.name]
            return
        with running(engine) as started:
            started.paint(replace(self._wish(0), steps=1))
            yield started

    def _wish(self, number: int) -> Wish:
        return latency.wish(self.tokenizer, self.plan.size, self.plan.steps, self.plan.tokens, number)


class _TroubleOf(SetupError):
    """One engine could not go on."""

    def __init__(self, engine: Engine, reason: str) -> None:
        super().__init__(reason)
        self.engine = engine


def need(checkpoint: Checkpoint, engine: Engine) -> int:
    """The bytes of the weights of ``engine``, as it keeps them."""
    files = [file for part in NETWORKS for file in weights.files(checkpoint.folder / part)]
    parameters = sum(math.prod(shape) for file in files for _, shape in weights.header(file).values())
    dtype = engine.dtype or str(default_dtype(checkpoint, device_named(engine.device))).removeprefix("torch.")
    size: float = PACKED[engine.variant] if engine.variant in PACKED else getattr(torch, dtype).itemsize
    return int(parameters * size)


def distance(plan: Plan, ours: Painted, theirs: Painted) -> float:
    """PSNR of two pictures in dB, infinite for equal ones; not a number if they are not of the same noise."""
    if len(ours.pixels) != len(theirs.pixels):
        return math.nan
    return golden.psnr(_picture(plan, ours), _picture(plan, theirs))


def _picture(plan: Plan, painted: Painted) -> Pixels:
    width, height = plan.size
    return np.frombuffer(painted.pixels, np.uint8).reshape(height, width, 3)


def _check_size(checkpoint: Checkpoint, size: tuple[int, int]) -> None:
    multiple = checkpoint.autoencoder_config.downsampling * checkpoint.transformer_config.patch
    canvas = canvas_for(*size, multiple, checkpoint.sizes)
    if (canvas.width, canvas.height) != size:
        raise SetupError(
            f"--size {size[0]}x{size[1]}: {checkpoint.name} paints it as {canvas.width}x{canvas.height}, others would "
            f"not; compare with --size {canvas.width}x{canvas.height}"
        )


def _peer(plan: Plan, name: str, checkpoint: Checkpoint) -> Row:
    """The row of the peer called ``name``, with its trouble if it cannot be measured here."""
    peer, ours = PEERS[name], plan.ours[0]
    device = device_named(ours.device)
    dtype = peer.dtype or ours.dtype or str(default_dtype(checkpoint, device)).removeprefix("torch.")
    engine = replace(ours, name=name, kind=peer.kind, dtype=dtype, variant=peer.variant, acceleration="none")
    row = Row(replace(engine, as_people_run_it=plan.as_people_run_it))
    if importlib.util.find_spec(peer.package) is None:
        row.trouble = "not installed"
    elif 0 < machine.memory(device) < need(checkpoint, engine):
        needed, free = need(checkpoint, engine) / 1e9, machine.memory(device) / 1e9
        row.trouble = f"needs {needed:.1f} GB, {free:.1f} GB are free"
    return row
