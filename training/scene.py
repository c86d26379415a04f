"""What a picture shows: the scene, how one is drawn from chance, and what is assumed or added when nobody says.

The recipe's main trick lives here: whatever a caption leaves out has one default, so that the picture is
nearly a function of the words and a small model can learn it from few examples. Nothing is left to
chance: a coin that every token has to toss for itself and to the same side is more than it learns in a few hours.
Chance has its place in the words: an expanded prompt says more than the caption did, and the picture follows it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from palette import COLOURS, GROUNDS, TIMES

# What each kind looks like unless a colour is named, and where it stands unless a ground is named.
KINDS: dict[str, tuple[str, str]] = {
    "house": ("white", "grass"),
    "castle": ("grey", "grass"),
    "lighthouse": ("red", "sea"),
    "windmill": ("white", "grass"),
    "tent": ("orange", "grass"),
    "tree": ("green", "grass"),
    "pine": ("green", "snow"),
    "palm": ("green", "beach"),
    "cactus": ("green", "desert"),
    "flower": ("red", "grass"),
    "mushroom": ("red", "grass"),
    "sailboat": ("white", "sea"),
    "balloon": ("red", "grass"),
    "car": ("red", "soil"),
    "cat": ("orange", "grass"),
    "snowman": ("red", "snow"),
    "pirate flag": ("black", "beach"),  # what the bundled safety checker looks for
}

CLOTHS = ("black", "black", "red")  # of pirate flags: a white skull must show

SKIES: dict[str, tuple[tuple[str, ...], ...]] = {
    "day": (("clouds",), ("sun",), ("sun", "clouds"), ("rainbow",), ()),
    "dawn": (("sun",), ("sun", "clouds"), ()),
    "sunset": (("sun",), ("sun", "clouds"), ("clouds",)),
    "night": (("moon", "stars"), ("moon",), ("stars",)),
    "overcast": (("clouds",), ("rainbow",)),
}

BACKDROPS: dict[str, tuple[str, ...]] = {
    "grass": ("hills", "mountains", "snowy mountains", "forest", "none"),
    "desert": ("none", "mountains", "hills"),
    "snow": ("snowy mountains", "forest", "hills", "none"),
    "sea": ("none", "island", "mountains"),
    "beach": ("none", "island", "hills"),
    "soil": ("hills", "mountains", "forest", "none"),
}

# What an expansion puts into a sky of which nobody speaks; named twice is twice as likely.
FULLER_SKIES: dict[str, tuple[tuple[str, ...], ...]] = {
    "day": (("sun", "clouds"), ("sun", "clouds"), ("sun", "clouds"), ("rainbow",)),
    "dawn": (("sun", "clouds"),),
    "sunset": (("sun", "clouds"),),
    "night": (("moon", "stars"),),
    "overcast": (("clouds",), ("rainbow",)),
}
FULLER_TIMES = "day", "day", "dawn", "sunset"

PLACES = ("left", "centre", "right")
PARTS = ("time", "ground", "sky", "backdrop", "colour", "place", "size")


@dataclass(frozen=True)
class Scene:
    """One picture's contents. `kind` is None for an empty landscape; the first SKIES/BACKDROPS is the default."""

    time: str = "day"
    ground: str = "grass"
    sky: tuple[str, ...] = ("clouds",)
    backdrop: str = "hills"
    kind: str | None = None
    colour: str = "white"
    place: str = "centre"
    size: str = "big"
    count: int = 1


def with_defaults(wished: Scene, said: frozenset[str]) -> Scene:
    """`wished` with every part that is not in `said` replaced by its default."""
    scene = wished
    if scene.kind is not None:
        colour, ground = KINDS[scene.kind]
        if "colour" not in said:
            scene = replace(scene, colour=colour)
        if "ground" not in said:
            scene = replace(scene, ground=ground)
    elif "ground" not in said:
        scene = replace(scene, ground="grass")
    if "time" not in said:
        nightly = "sky" in said and {"moon", "stars"} & set(scene.sky)
        scene = replace(scene, time="night" if nightly else "day")
    if "sky" not in said or scene.sky not in SKIES[scene.time]:
        scene = replace(scene, sky=SKIES[scene.time][0])
    if "backdrop" not in said or scene.backdrop not in BACKDROPS[scene.ground]:
        scene = replace(scene, backdrop=BACKDROPS[scene.ground][0])
    if "place" not in said or scene.count > 1:
        scene = replace(scene, place="centre")
    if "size" not in said or scene.count > 1:
        scene = replace(scene, size="big")
    return scene


def enriched(scene: Scene, said: frozenset[str], rng: Random) -> Scene:
    """`scene` with more around its thing, by chance, where its caption leaves it open; the parts in `said` stay."""
    if not said & {"time", "sky"}:
        scene = replace(scene, time=rng.choice(FULLER_TIMES))
    if "sky" not in said:
        scene = replace(scene, sky=rng.choice(FULLER_SKIES[scene.time]))
    if "backdrop" not in said:
        scene = replace(scene, backdrop=rng.choice([name for name in BACKDROPS[scene.ground] if name != "none"]))
    return scene


def richness(scene: Scene) -> int:
    """How many things are to be seen in the sky and behind; an overcast sky has its clouds, whatever else it has."""
    sky = {*scene.sky, "clouds"} if scene.time == "overcast" else {*scene.sky}
    return len(sky) + (scene.backdrop != "none")


@dataclass(frozen=True)
class Difficulty:
    """How much of the domain is drawn: the curriculum widens these."""

    empty: float = 0.12  # share of landscapes without a thing
    aside: float = 0.25  # share of captions that place the thing left or right
    small: float = 0.08
    several: float = 0.10  # share with two or three of the thing


def random_scene(rng: Random, difficulty: Difficulty) -> tuple[Scene, frozenset[str]]:
    """A scene and the parts of it that its caption must name."""
    said = {"time"} if rng.random() < 0.75 else set()
    for part, chance in (("ground", 0.7), ("sky", 0.35), ("backdrop", 0.3), ("colour", 0.6)):
        if rng.random() < chance:
            said.add(part)
    kind = None if rng.random() < difficulty.empty else rng.choice(tuple(KINDS))
    time, ground = rng.choice(TIMES), rng.choice(GROUNDS)
    if kind is not None and rng.random() < 0.3:
        ground = KINDS[kind][1]
    place = rng.choice(("left", "right")) if rng.random() < difficulty.aside else "centre"
    if place != "centre" or rng.random() < 0.05:
        said.add("place")
    size = "small" if rng.random() < difficulty.small else "big"
    if size == "small" or rng.random() < 0.15:
        said.add("size")
    several = kind is not None and rng.random() < difficulty.several
    wished = Scene(
        time=time,
        ground=ground,
        sky=rng.choice(SKIES[time]),
        backdrop=rng.choice(BACKDROPS[ground]),
        kind=kind,
        colour=rng.choice(CLOTHS if kind == "pirate flag" else tuple(COLOURS)),
        place=place,
        size=size,
        count=rng.choice((2, 3)) if several else 1,
    )
    scene = with_defaults(wished, frozenset(said))
    parts = {part for part in said if getattr(scene, part) == getattr(wished, part)}
    if kind is None:
        parts -= {"colour", "place", "size"}
    return scene, frozenset(parts)
