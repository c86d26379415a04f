"""Colours: what the sky, the ground and things look like, and how the time of day tints them.

Colours are (red, green, blue) in 0..255. Nothing here draws.
"""

from __future__ import annotations

RGB = tuple[int, int, int]

TIMES = ("day", "dawn", "sunset", "night", "overcast")
GROUNDS = ("grass", "desert", "snow", "sea", "beach", "soil")

# Each sky is a vertical gradient: at the top, half-way down, at the horizon.
SKIES: dict[str, tuple[RGB, RGB, RGB]] = {
    "day": ((38, 128, 205), (110, 190, 230), (214, 238, 236)),
    "dawn": ((128, 138, 200), (244, 176, 184), (255, 226, 176)),
    "sunset": ((72, 34, 104), (216, 70, 82), (255, 178, 66)),
    "night": ((9, 14, 42), (22, 34, 84), (58, 78, 134)),
    "overcast": ((118, 128, 140), (160, 168, 174), (204, 207, 205)),
}

# How white light is multiplied at each time of day.
LIGHTS: dict[str, tuple[float, float, float]] = {
    "day": (1.0, 1.0, 1.0),
    "dawn": (1.0, 0.90, 0.90),
    "sunset": (0.98, 0.76, 0.68),
    "night": (0.42, 0.47, 0.70),
    "overcast": (0.80, 0.83, 0.86),
}

# Ground colours, far away and near.
SOILS: dict[str, tuple[RGB, RGB]] = {
    "grass": ((150, 200, 96), (72, 150, 66)),
    "desert": ((250, 212, 140), (222, 158, 84)),
    "snow": ((250, 252, 255), (214, 228, 242)),
    "sea": ((96, 178, 200), (18, 84, 140)),
    "beach": ((252, 230, 176), (236, 204, 142)),
    "soil": ((168, 116, 76), (104, 64, 40)),
}

COLOURS: dict[str, RGB] = {
    "red": (212, 44, 40),
    "orange": (240, 130, 34),
    "yellow": (248, 204, 50),
    "green": (52, 150, 72),
    "blue": (40, 96, 200),
    "purple": (126, 62, 168),
    "pink": (244, 132, 170),
    "white": (246, 244, 238),
    "black": (38, 38, 46),
    "brown": (132, 82, 46),
    "grey": (140, 144, 150),
}


def mix(a: RGB, b: RGB, share: float) -> RGB:
    """The colour `share` (0..1) of the way from `a` to `b`."""
    return tuple(round(p + (q - p) * share) for p, q in zip(a, b, strict=True))  # type: ignore[return-value]


def lit(colour: RGB, time: str) -> RGB:
    """`colour` as it looks at that time of day."""
    return tuple(round(c * k) for c, k in zip(colour, LIGHTS[time], strict=True))  # type: ignore[return-value]


def darker(colour: RGB, amount: float = 0.25) -> RGB:
    """The shaded side of a thing."""
    return mix(colour, (20, 16, 40), amount)


def lighter(colour: RGB, amount: float = 0.25) -> RGB:
    """The sunny side of a thing."""
    return mix(colour, (255, 250, 235), amount)
