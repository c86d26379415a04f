"""What every training stage shares: its state on disk, its clock, its averaged weights and its log."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from muon import Muon

N = TypeVar("N", bound=nn.Module)

GENTLE = 100  # steps of rising rates for new optimisers on trained weights


class Average:
    """An exponential moving average of a network's weights, faster while young."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay, self.count = decay, 0
        self.weights = {k: v.detach().clone() for k, v in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        self.count += 1
        decay = min(self.decay, (1 + self.count) / (10 + self.count))
        for name, value in network.state_dict().items():
            self.weights[name].lerp_(value, 1 - decay)


@dataclass
class Run:
    """One network in training: everything that must survive a restart, saved in one file."""

    name: str
    folder: Path
    network: nn.Module
    optimizers: list[torch.optim.Optimizer]
    decay: float = 0.999
    step: int = 0
    fresh: int = 0  # the step at which the optimisers were new
    samples: int = 0
    seconds: float = 0.0
    average: Average = field(init=False)
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.average = Average(self.network, self.decay)
        self.rates = [group["lr"] for o in self.optimizers for group in o.param_groups]
        if self.path.exists():
            self.restore()

    @property
    def path(self) -> Path:
        return self.folder / f"{self.name}.pt"

    def elapsed(self) -> float:
        """Seconds of training, over all restarts."""
        return self.seconds + time.monotonic() - self.started

    @property
    def rate(self) -> float:
        """The first optimiser's present learning rate."""
        return self.optimizers[0].param_groups[0]["lr"]

    def set_rates(self, factor: float) -> None:
        """Scale the first rates; after a start with new optimisers on trained weights they rise slowly."""
        if self.fresh:
            factor *= min(1.0, (self.step - self.fresh + 1) / GENTLE)
        groups = [group for o in self.optimizers for group in o.param_groups]
        for group, rate in zip(groups, self.rates, strict=True):
            group["lr"] = rate * factor

    def update(self, samples: int) -> None:
        """Take one optimiser step on the gradients at hand."""
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.average.update(self.network)
        self.step += 1
        self.samples += samples

    def save(self) -> None:
        state = {
            "network": self.network.state_dict(),
            "average": self.average.weights,
            "count": self.average.count,
            "optimizers": [o.state_dict() for o in self.optimizers],
            "fresh": self.fresh,
            "step": self.step,
            "samples": self.samples,
            "seconds": self.elapsed(),
        }
        partial = self.path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.path)  # a crash while writing leaves the last whole file

    def restore(self) -> None:
        state = torch.load(self.path, map_location="cpu")
        self.network.load_state_dict(state["network"])
        self.average.weights, self.average.count = state["average"], state["count"]
        if state["optimizers"]:
            for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
        self.fresh = state["fresh"]
        self.step, self.samples, self.seconds = state["step"], state["samples"], state["seconds"]

    def log(self, text: str) -> None:
        clock = f"{time.strftime('%H:%M:%S')} {self.elapsed():.0f}s"
        line = f"{clock} {self.name} step {self.step} samples {self.samples} {text}"
        print(line, flush=True)
        with (self.folder / "progress.log").open("a") as file:
            file.write(line + "\n")


def trained(network: N, folder: Path, name: str) -> N:
    """`network` with the averaged weights of the run `name`, frozen."""
    network.load_state_dict(torch.load(folder / f"{name}.pt", map_location="cpu")["average"])
    return network.requires_grad_(False).eval()


def write_state(path: Path, weights: dict[str, Tensor], steps: int, samples: int, seconds: float) -> None:
    """A state to go on from that has trained weights and new optimisers."""
    state = {"network": weights, "average": weights, "count": steps, "optimizers": [], "fresh": steps}
    torch.save({**state, "step": steps, "samples": samples, "seconds": seconds}, path)


def warm_then_cool(done: float, warmup: float = 0.02, floor: float = 0.05) -> float:
    """The learning rate's factor when a share `done` (0..1) of the training is over: rise, then a cosine."""
    if done < warmup:
        return (done + 0.002) / (warmup + 0.002)
    turn = min(1.0, (done - warmup) / (1 - warmup))
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * turn))


def split_optimizers(
    network: nn.Module, matrices: float, rest: float, outside: tuple[str, ...]
) -> list[torch.optim.Optimizer]:
    """Muon at rate `matrices` for inner weight matrices, AdamW at `rest` for all else and for names in `outside`."""
    inner, others = [], []
    for name, weight in network.named_parameters():
        is_inner = weight.ndim == 2 and min(weight.shape) > 1 and not any(word in name for word in outside)
        (inner if is_inner else others).append(weight)
    return [Muon(inner, lr=matrices), torch.optim.AdamW(others, lr=rest, betas=(0.9, 0.98), weight_decay=0.0)]
