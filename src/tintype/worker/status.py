"""What the health page and the banner say about the engines."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tintype.messages import SafetyChecker

UNCHECKED = {
    "on": "",
    "off": "safety checker: turned off by the operator (safety_checker=off); no picture is checked",
    "missing": (
        "safety checker: this model has none, so requests that ask for the check, as all do by default, are refused; "
        "run 'tintype pull', or set TINTYPE_SAFETY_CHECKER=off"
    ),
}
"""What people are told, by the state of the checker."""


STATES = ("ready", "starting", "failed")
"""The best first."""


@dataclass(slots=True)
class EngineStatus:
    """One engine. Written by its supervisor, read by whoever is asked how things are."""

    state: str = "starting"
    """starting, ready or failed."""
    phase: str = "starting the engine"
    """What it is doing, for people to read."""
    model: str = ""
    version: str = ""
    checksum: str = ""
    device: str = ""
    """As the setting names it, then as the engine does."""
    dtype: str = ""
    safety_checker: SafetyChecker = "missing"
    acceleration: dict[str, str] = field(default_factory=lambda: dict[str, str]())
    """What each level of acceleration is on the device."""
    painting: str | None = None
    """How far it is with the picture it is at."""
    pid: int | None = None
    """Of its process."""

    @property
    def memory(self) -> int | None:
        """Bytes of main memory that its process has; None where that cannot be told: not on Linux, or it is dead."""
        try:
            lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        except OSError:
            return None
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), None)


class Engines:
    """Every engine of this server, told of as one: a request is painted if one of them can."""

    def __init__(self, workers: Sequence[EngineStatus]) -> None:
        self.workers = workers

    @property
    def state(self) -> str:
        """That of the best."""
        return self._best.state

    @property
    def phase(self) -> str:
        """``ready``, or what each is doing."""
        if self.state == "ready" or len(self.workers) == 1:
            return self._best.phase
        return "; ".join(f"{worker.device}: {worker.phase}" for worker in self.workers)

    @property
    def model(self) -> str:  # noqa: D102
        return self._best.model

    @property
    def version(self) -> str:  # noqa: D102
        return self._best.version

    @property
    def checksum(self) -> str:  # noqa: D102
        return self._best.checksum

    @property
    def device(self) -> str:
        """All that are in that state, comma-separated."""
        return ", ".join(worker.device for worker in self.workers if worker.state == self.state)

    @property
    def dtype(self) -> str:  # noqa: D102
        return self._best.dtype

    @property
    def safety_checker(self) -> SafetyChecker:  # noqa: D102
        return self._best.safety_checker

    @property
    def acceleration(self) -> dict[str, str]:  # noqa: D102
        return self._best.acceleration

    @property
    def _best(self) -> EngineStatus:
        return min(self.workers, key=lambda worker: STATES.index(worker.state))
