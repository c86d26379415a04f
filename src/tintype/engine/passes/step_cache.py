"""Steps that are foretold: the direction changes so evenly from step to step that a line through the last two will do.

The first steps of a run are close together in noise level, and the last decide the details, so the ones foretold are
early ones.
"""

from tintype.engine.networks import Networks


def early(steps: int) -> frozenset[int]:
    """The foretold steps of a run: of eight the third and the fifth; none of fewer than six."""
    return frozenset({3, 5}) if steps >= 8 else frozenset({3}) if steps >= 6 else frozenset()


def apply(networks: Networks) -> None:
    """Skip the transformer at the foretold steps."""
    networks.skips = early
