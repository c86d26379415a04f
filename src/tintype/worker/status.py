"""What the health page and the banner say about the engine."""

from dataclasses import dataclass, field

NOT_BUILT = {
    "enable_safety_checker": "safety checker: not built yet; no picture is checked",
    "acceleration": "acceleration: not built yet; every level runs as 'none'",
}


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
    not_built: dict[str, str] = field(default_factory=lambda: dict(NOT_BUILT))
    """Fields of the API that are accepted and recorded but change nothing yet: field -> plain words."""
