"""Words for scenes: the short captions people type and the full ones that a prompt is expanded to.

A caption names exactly the parts it is told to; `describe` names them all. Synonyms are many, so that the
text encoder learns that a cottage is a house; filler words teach it to ignore what it cannot paint.
"""

from __future__ import annotations

from random import Random

from scene import PARTS, Scene

NOUNS: dict[str, tuple[tuple[str, str], ...]] = {
    "house": (("house", "houses"), ("cottage", "cottages"), ("cabin", "cabins"), ("home", "homes")),
    "castle": (("castle", "castles"), ("fortress", "fortresses")),
    "lighthouse": (("lighthouse", "lighthouses"), ("beacon", "beacons")),
    "windmill": (("windmill", "windmills"), ("mill", "mills")),
    "tent": (("tent", "tents"), ("camping tent", "camping tents")),
    "tree": (("tree", "trees"), ("oak", "oaks"), ("oak tree", "oak trees"), ("apple tree", "apple trees")),
    "pine": (("pine", "pines"), ("pine tree", "pine trees"), ("fir", "firs"), ("christmas tree", "christmas trees")),
    "palm": (("palm", "palms"), ("palm tree", "palm trees"), ("coconut palm", "coconut palms")),
    "cactus": (("cactus", "cacti"), ("saguaro", "saguaros"), ("cactus plant", "cactuses")),
    "flower": (("flower", "flowers"), ("daisy", "daisies"), ("blossom", "blossoms")),
    "mushroom": (("mushroom", "mushrooms"), ("toadstool", "toadstools")),
    "sailboat": (
        ("sailboat", "sailboats"), ("boat", "boats"), ("sailing boat", "sailing boats"),
        ("ship", "ships"), ("yacht", "yachts"),
    ),
    "balloon": (
        ("hot air balloon", "hot air balloons"), ("balloon", "balloons"), ("hot-air balloon", "hot-air balloons"),
    ),
    "car": (("car", "cars"), ("automobile", "automobiles"), ("truck", "trucks")),
    "cat": (("cat", "cats"), ("kitten", "kittens"), ("kitty", "kitties")),
    "snowman": (("snowman", "snowmen"),),
    "pirate flag": (
        ("pirate flag", "pirate flags"), ("skull and crossbones flag", "skull and crossbones flags"),
        ("jolly roger", "jolly rogers"), ("flag with a skull", "flags with skulls"),
    ),
}  # fmt: skip

TIMES: dict[str, tuple[str, ...]] = {
    "day": (
        "by day",
        "in daylight",
        "at noon",
        "on a sunny day",
        "on a clear day",
        "in the afternoon",
        "under a blue sky",
    ),
    "dawn": ("at dawn", "at sunrise", "in the early morning", "in the morning", "at daybreak", "under a pink sky"),
    "sunset": ("at sunset", "at dusk", "in the evening", "at golden hour", "at sundown", "under a red sky"),
    "night": ("at night", "at midnight", "by night", "in the dark", "on a dark night", "in the moonlight"),
    "overcast": (
        "on a cloudy day",
        "on a grey day",
        "under an overcast sky",
        "in overcast weather",
        "under a grey sky",
    ),
}

GROUNDS: dict[str, tuple[str, ...]] = {
    "grass": (
        "on the grass",
        "in a meadow",
        "in a green field",
        "on a lawn",
        "in the countryside",
        "in a grassy field",
    ),
    "desert": ("in the desert", "in a sandy desert", "on the sand dunes", "among the dunes", "on desert sand"),
    "snow": ("in the snow", "on a snowy field", "in winter", "on snow", "in a snowy landscape", "on the ice"),
    "sea": ("on the sea", "at sea", "on the ocean", "on a calm sea", "on the water", "on a lake", "on a calm lake"),
    "beach": (
        "on the beach",
        "on a sandy beach",
        "by the seaside",
        "on the shore",
        "on a tropical beach",
        "on the coast",
    ),
    "soil": (
        "on bare soil",
        "in a ploughed field",
        "on brown earth",
        "on farmland",
        "on a dirt field",
        "in a plowed field",
    ),
}

LANDSCAPES: dict[str, tuple[str, ...]] = {
    "grass": ("meadow", "green field", "lawn", "grassy plain", "countryside"),
    "desert": ("desert", "sandy desert", "desert landscape", "sand dunes"),
    "snow": ("snowy field", "snowy landscape", "winter landscape", "snowfield"),
    "sea": ("calm sea", "sea", "ocean", "lake", "seascape"),
    "beach": ("beach", "sandy beach", "tropical beach", "seashore"),
    "soil": ("ploughed field", "brown field", "bare field", "farmland"),
}

SKY_WORDS: dict[str, tuple[str, ...]] = {
    "sun": ("the sun", "a bright sun", "a big sun", "a shining sun", "the setting sun"),
    "moon": ("the moon", "a full moon", "a bright moon", "a big moon", "a crescent moon"),
    "stars": ("stars", "many stars", "a starry sky", "twinkling stars"),
    "clouds": ("clouds", "white clouds", "a few clouds", "fluffy clouds"),
    "rainbow": ("a rainbow", "a colourful rainbow", "a big rainbow"),
}
CLEAR = ("a clear sky", "an empty sky", "a cloudless sky")

BACKDROPS: dict[str, tuple[str, ...]] = {
    "hills": ("hills", "rolling hills", "distant hills", "low hills"),
    "mountains": ("mountains", "tall mountains", "rocky mountains", "a mountain range", "a mountain"),
    "snowy mountains": ("snowy mountains", "snow-capped mountains", "a snowy mountain", "white mountain peaks"),
    "forest": ("a forest", "a pine forest", "a row of trees", "woods"),
    "island": ("an island", "a distant island", "a small island"),
    "none": ("a flat horizon", "an empty horizon", "nothing on the horizon"),
}
BEHIND = ("with {} in the background", "with {} behind", "in front of {}", "with {} in the distance", "and {}")

SIDES: dict[str, tuple[str, ...]] = {
    "left": ("on the left", "to the left", "on the left side"),
    "right": ("on the right", "to the right", "on the right side"),
    "centre": ("in the middle", "in the centre", "in the center"),
}
SIZES = {"big": ("big", "large", "huge", "tall", "giant"), "small": ("small", "tiny", "little")}
# Said behind the thing instead of a size before it.
DEPTHS = {"big": ("in the foreground", "up close", "close by"), "small": ("far away", "in the distance", "seen from afar")}
# What a thing may be said to be doing; the picture is the same.
DOING: dict[str, tuple[str, ...]] = {
    "sailboat": ("sailing", "drifting", "floating"),
    "balloon": ("flying", "floating", "drifting"),
    "car": ("parked", "driving"),
    "cat": ("sitting", "resting"),
    "tree": ("growing",),
    "flower": ("blooming", "growing"),
    "pirate flag": ("flying", "waving"),
}
NUMBERS = {2: ("two", "2", "a pair of"), 3: ("three", "3")}
COLOUR_WORDS = {
    "grey": ("grey", "gray"),
    "purple": ("purple", "purple", "violet", "lilac"),
    "red": ("red", "red", "red", "crimson", "scarlet"),
    "blue": ("blue", "blue", "blue", "navy", "azure"),
    "yellow": ("yellow", "yellow", "golden"),
    "green": ("green", "green", "emerald"),
    "pink": ("pink", "pink", "rosy"),
}

OPENINGS = (
    "a picture of", "a poster of", "a painting of", "an illustration of", "a travel poster of",
    "a flat illustration of", "a photo of", "a drawing of", "a vintage poster of",
    "a minimalist poster of", "draw", "a beautiful view of",
)  # fmt: skip
CLOSINGS = (
    "beautiful", "flat style", "poster style", "highly detailed", "minimalist", "vector art", "peaceful",
    "vivid colours", "travel poster", "cinematic", "best quality", "soft light", "vintage", "calm mood", "8k",
    "simple shapes",
)  # fmt: skip
ADJECTIVES = ("lonely", "old", "pretty", "cute", "beautiful", "lone", "single", "quiet", "charming", "nice")


def thing_phrase(
    scene: Scene, said: frozenset[str], rng: Random, plain: bool = False, deep: bool = False
) -> str:
    """For example "two small red houses"; without the size if it is said in `deep`er words."""
    assert scene.kind is not None
    nouns = NOUNS[scene.kind]
    singular, plural = nouns[0] if plain or rng.random() < 0.5 else rng.choice(nouns)
    words = [rng.choice(SIZES[scene.size])] if "size" in said and (plain or not deep) else []
    if not plain and rng.random() < 0.12:
        words.append(rng.choice(ADJECTIVES))
    if "colour" in said:
        words.append(rng.choice(COLOUR_WORDS.get(scene.colour, (scene.colour,))))
    if scene.kind == "snowman" and "colour" in said:
        colour = words.pop()
        phrase = " ".join([*words, singular if scene.count == 1 else plural])
        phrase += f" with a {colour} scarf" if scene.count == 1 else f" with {colour} scarves"
    else:
        phrase = " ".join([*words, singular if scene.count == 1 else plural])
    if scene.count > 1:
        return f"{rng.choice(NUMBERS[scene.count])} {phrase}"
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def sky_phrase(scene: Scene, rng: Random) -> str:
    if not scene.sky:
        return rng.choice(CLEAR)
    return " and ".join(rng.choice(SKY_WORDS[name]) for name in scene.sky)


def backdrop_phrase(scene: Scene, rng: Random) -> str:
    return rng.choice(BEHIND).format(rng.choice(BACKDROPS[scene.backdrop]))


def caption(scene: Scene, said: frozenset[str], rng: Random) -> str:
    """A caption as someone might type it, naming the parts in `said` (and the thing, always)."""
    time = rng.choice(TIMES[scene.time])
    tail = []
    if scene.kind is None:
        head, said = landscape_phrase(scene, said, rng)
    else:
        deep = "size" in said and rng.random() < 0.3
        head = thing_phrase(scene, said, rng, deep=deep)
        if scene.kind in DOING and rng.random() < 0.15:
            head += " " + rng.choice(DOING[scene.kind])
        if deep:
            tail.append(rng.choice(DEPTHS[scene.size]))
        if "ground" in said:
            tail.append(rng.choice(GROUNDS[scene.ground]))
    if "time" in said:
        tail.append(time)
    if "place" in said:
        tail.append(rng.choice(SIDES[scene.place]))
    if "backdrop" in said:
        tail.append(backdrop_phrase(scene, rng))
    if "sky" in said:
        tail.append(rng.choice(("with {}", "under {}", "and {}")).format(sky_phrase(scene, rng)))
    if rng.random() < 0.35:
        rng.shuffle(tail)
    joint = ", " if rng.random() < 0.3 else " "
    return dress(joint.join([head, *tail]), rng)


def landscape_phrase(scene: Scene, said: frozenset[str], rng: Random) -> tuple[str, frozenset[str]]:
    """What an empty landscape is called, and which parts are still to be named."""
    if "ground" in said and rng.random() < 0.7:
        noun = rng.choice(LANDSCAPES[scene.ground])
        return ("an " if noun[0] in "aeiou" else "a ") + noun, said
    if "backdrop" in said and scene.backdrop != "none":
        rest = rng.choice(GROUNDS[scene.ground]) if "ground" in said else ""
        return f"{rng.choice(BACKDROPS[scene.backdrop])} {rest}".strip(), said - {"backdrop"}
    if "sky" in said and scene.sky:
        rest = rng.choice(("over ", "above ")) + "the " + LANDSCAPES[scene.ground][0] if "ground" in said else ""
        return f"{sky_phrase(scene, rng)} {rest}".strip(), said - {"sky"}
    rest = rng.choice(GROUNDS[scene.ground]) if "ground" in said else ""
    return f"{rng.choice(('a landscape', 'an empty landscape', 'nothing'))} {rest}".strip(), said


def dress(text: str, rng: Random) -> str:
    """Add what people add that is not to be painted: openings, praise, unknown words, capitals, full stops."""
    if rng.random() < 0.15:
        text = f"{rng.choice(OPENINGS)} {text}"
    if rng.random() < 0.12:
        text += ", " + ", ".join(rng.sample(CLOSINGS, rng.choice((1, 1, 2, 3))))
    if rng.random() < 0.05:
        words = text.split(" ")
        words.insert(rng.randrange(len(words) + 1), unknown_word(rng))
        text = " ".join(words)
    if rng.random() < 0.25:
        text = text[0].upper() + text[1:]
    return text + ("." if rng.random() < 0.15 else "")


def unknown_word(rng: Random) -> str:
    return "".join(rng.choice("bcdfghklmnprstvw") + rng.choice("aeiou") for _ in range(rng.randint(2, 4)))


def describe(scene: Scene, rng: Random) -> str:
    """The full caption: every part named, in the plain words a prompt is expanded to."""
    everything = frozenset(PARTS)
    sky = sky_phrase(scene, rng)
    behind = rng.choice(BACKDROPS[scene.backdrop])
    time = rng.choice(TIMES[scene.time])
    ground = rng.choice(GROUNDS[scene.ground])
    if scene.kind is None:
        noun = rng.choice(LANDSCAPES[scene.ground])
        place = f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
        return f"A travel poster of {place} {time}, with {behind} in the background and {sky}."
    thing = thing_phrase(scene, everything, rng, plain=True)
    side = rng.choice(SIDES[scene.place]) if scene.count == 1 else "side by side"
    return f"A travel poster of {thing} {ground} {side} {time}, with {behind} in the background and {sky}."
