"""The words that captions are made of: what each part of a scene may be called."""

from __future__ import annotations

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

# Times as bare nouns: "sunset over the sea", "palm tree, beach, dusk".
HOURS: dict[str, tuple[str, ...]] = {
    "day": ("daylight", "noon", "sunny day", "afternoon", "blue sky"),
    "dawn": ("dawn", "sunrise", "early morning", "pink sky"),
    "sunset": ("sunset", "dusk", "evening", "golden hour", "red sky"),
    "night": ("night", "midnight", "dark night", "moonlight"),
    "overcast": ("cloudy day", "grey day", "overcast sky", "grey sky"),
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
DEPTHS = {
    "big": ("in the foreground", "up close", "close by"),
    "small": ("far away", "in the distance", "seen from afar"),
}
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
