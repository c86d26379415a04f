"""What the health page and the banner say about the engine."""

from dataclasses import dataclass, field

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


@dataclass(slots=True)
class EngineStatus:
    """Written by the supervisor, read by whoever is asked how things are."""

    state: str = "starting"
    """starting, ready or failed."""
    phase: str = "starting the engine"
    """What it is doing, for people to read."""
    model: str = ""
    version: str = ""
    checksum: str = ""
    device: str = ""
    dtype: str = ""
    safety_checker: SafetyChecker = "missing"
    acceleration: dict[str, str] = field(default_factory=lambda: dict[str, str]())
    """What each level of acceleration is on the device."""
