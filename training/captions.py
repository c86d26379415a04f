"""Words for scenes: the short captions people type and the full ones that a prompt is expanded to.

A caption names exactly the parts it is told to; `describe` names them all. Synonyms are many, so that the
text encoder learns that a cottage is a house; filler words teach it to ignore what it cannot paint.
"""

from __future__ import annotations

from random import Random

from scene import PARTS, Scene
from words import (
    ADJECTIVES,
    BACKDROPS,
    BEHIND,
    CLEAR,
    CLOSINGS,
    COLOUR_WORDS,
    DEPTHS,
    DOING,
    GROUNDS,
    HOURS,
    LANDSCAPES,
    NOUNS,
    NUMBERS,
    OPENINGS,
    SIDES,
    SIZES,
    SKY_WORDS,
    TIMES,
)


def thing_phrase(scene: Scene, said: frozenset[str], rng: Random, plain: bool = False, deep: bool = False) -> str:
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
    return with_article(phrase)


def with_article(phrase: str) -> str:
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def without_article(phrase: str) -> str:
    first, _, rest = phrase.partition(" ")
    return rest if first in ("a", "an", "the") else phrase


def sky_phrase(scene: Scene, rng: Random) -> str:
    if not scene.sky:
        return rng.choice(CLEAR)
    return " and ".join(rng.choice(SKY_WORDS[name]) for name in scene.sky)


def backdrop_phrase(scene: Scene, rng: Random) -> str:
    return rng.choice(BEHIND).format(rng.choice(BACKDROPS[scene.backdrop]))


def caption(scene: Scene, said: frozenset[str], rng: Random) -> str:
    """A caption as someone might type it, naming the parts in `said` (and the thing, always)."""
    if rng.random() < 0.12:
        return dress(", ".join(tags(scene, said, rng)), rng)
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
    if rng.random() < 0.3:
        head = without_article(head)
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
    if "time" in said and rng.random() < 0.1:
        tail.remove(time)
        head = f"{time}, {head}"
    return dress(joint.join([head, *tail]), rng)


def tags(scene: Scene, said: frozenset[str], rng: Random) -> list[str]:
    """The parts in `said` as bare words: "red boat", "sea", "sunset"."""
    found = [] if scene.kind is None else [without_article(thing_phrase(scene, said, rng))]
    if "ground" in said or (scene.kind is None and "backdrop" not in said):
        found.append(rng.choice(LANDSCAPES[scene.ground]))
    if "time" in said:
        found.append(rng.choice(HOURS[scene.time]))
    if "place" in said:
        found.append(rng.choice(SIDES[scene.place]))
    if "backdrop" in said:
        found.append(without_article(rng.choice(BACKDROPS[scene.backdrop])))
    if "sky" in said:
        found.append(without_article(sky_phrase(scene, rng)))
    if rng.random() < 0.3:
        rng.shuffle(found)
    return found


def landscape_phrase(scene: Scene, said: frozenset[str], rng: Random) -> tuple[str, frozenset[str]]:
    """What an empty landscape is called, and which parts are still to be named."""
    if "ground" in said and rng.random() < 0.7:
        noun = rng.choice(LANDSCAPES[scene.ground])
        if "time" in said and rng.random() < 0.3:
            return f"{rng.choice(HOURS[scene.time])} {rng.choice(('over', 'in'))} {with_article(noun)}", said - {"time"}
        return with_article(noun), said
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
        return f"A travel poster of {with_article(noun)} {time}, with {behind} in the background and {sky}."
    thing = thing_phrase(scene, everything, rng, plain=True)
    side = rng.choice(SIDES[scene.place]) if scene.count == 1 else "side by side"
    return f"A travel poster of {thing} {ground} {side} {time}, with {behind} in the background and {sky}."
