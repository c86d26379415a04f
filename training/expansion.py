"""How well prompts are expanded, in figures: `python training/expansion.py`.

Terse captions of the grammar, the same for the same seed, go through the server's own expander; each answer is parsed
by the grammar of `captions.describe`, word for word. Whatever parses is fluent, and says which scene it describes.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import torch

from captions import caption, describe, with_article
from palette import COLOURS
from scene import Difficulty, Scene, random_scene, richness, with_defaults
from tintype.engine.expansion import Expander, Words, goes_in_circles
from tintype.engine.pipeline import Pipeline
from words import (
    BACKDROPS,
    CLEAR,
    COLOUR_WORDS,
    GROUNDS,
    LANDSCAPES,
    NOUNS,
    NUMBERS,
    SIDES,
    SIZES,
    SKY_WORDS,
    TIMES,
)

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "src" / "tintype" / "assets" / "postcard"
COUNT, SEED = 200, 2026
MOST_WORDS, MOST_PARTS = 8, 2  # of a terse caption
LOOP_WORDS = 4  # so many words in a row that come twice are a loop


def meanings(groups: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """From each of its words to the name of a group."""
    return {word: name for name, words in groups.items() for word in words}


def any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, set(words)), key=len, reverse=True))


KIND_OF = {noun: kind for kind, nouns in NOUNS.items() for noun in nouns[0]}
COUNT_OF = {word: count for count, words in NUMBERS.items() for word in words} | {"a": 1, "an": 1}
COLOUR_OF = {word: name for name in COLOURS for word in COLOUR_WORDS.get(name, (name,))}
LANDSCAPE_OF = {with_article(noun): ground for ground, nouns in LANDSCAPES.items() for noun in nouns}
SIZE_OF, TIME_OF, GROUND_OF, BACKDROP_OF, SKY_OF = map(meanings, (SIZES, TIMES, GROUNDS, BACKDROPS, SKY_WORDS))
PLACE_OF = meanings(SIDES) | {"side by side": "centre"}
COLOUR = any_of(COLOUR_OF)
THING = (
    rf"(?P<count>{any_of(COUNT_OF)}) (?P<size>{any_of(SIZE_OF)}) (?:(?P<colour>{COLOUR}) )?(?P<noun>{any_of(KIND_OF)})"
    rf"(?: with (?:a (?P<scarf>{COLOUR}) scarf|(?P<scarves>{COLOUR}) scarves))?"
)
DESCRIPTION = re.compile(
    rf"A travel poster of (?:{THING} (?P<ground>{any_of(GROUND_OF)}) (?P<place>{any_of(PLACE_OF)})"
    rf"|(?P<landscape>{any_of(LANDSCAPE_OF)})) (?P<time>{any_of(TIME_OF)}), with (?P<backdrop>{any_of(BACKDROP_OF)}) "
    rf"in the background and (?:{any_of(CLEAR)}|(?P<first>{any_of(SKY_OF)})(?: and (?P<second>{any_of(SKY_OF)}))?)\."
)


def parse(text: str) -> Scene | None:
    """The scene that a description describes; None: it is none."""
    if (parsed := DESCRIPTION.fullmatch(text)) is None:
        return None
    word = parsed.groupdict(default="")
    around = Scene(
        time=TIME_OF[word["time"]],
        ground=GROUND_OF.get(word["ground"]) or LANDSCAPE_OF[word["landscape"]],
        sky=tuple(SKY_OF[word[place]] for place in ("first", "second") if word[place]),
        backdrop=BACKDROP_OF[word["backdrop"]],
    )
    if not word["noun"]:
        return around
    return replace(
        around,
        kind=KIND_OF[word["noun"]],
        colour=COLOUR_OF.get(word["colour"] or word["scarf"] or word["scarves"], ""),
        place=PLACE_OF[word["place"]],
        size=SIZE_OF[word["size"]],
        count=COUNT_OF[word["count"]],
    )


@dataclass(frozen=True)
class Asked:
    """A terse caption, and what it is about."""

    text: str
    scene: Scene
    said: frozenset[str]

    @property
    def leaves_room(self) -> bool:
        """Whether more can be painted without painting anything else than it says."""
        sky = "sky" not in self.said and self.scene.time != "night"
        return sky or ("backdrop" not in self.said and self.scene.backdrop == "none")

    def keeps(self, part: str, found: Scene | None) -> bool:
        return found is not None and getattr(found, part) == getattr(self.scene, part)

    def is_kept(self, found: Scene | None) -> bool:
        """Whether `found` is the same thing, or a landscape too, and all as it was said."""
        parts = {"kind", *self.said} | ({"count"} if self.scene.kind else set())
        return all(self.keeps(part, found) for part in parts)


@dataclass(frozen=True)
class Answer:
    """What was made of one caption, and the scene that it describes, if it describes one."""

    asked: Asked
    text: str
    scene: Scene | None
    loops: bool


def terse(count: int, seed: int) -> list[Asked]:
    """Captions of few words that name a subject and at most two parts of it."""
    rng, found = Random(seed), list[Asked]()
    while len(found) < count:
        scene, said = random_scene(rng, Difficulty())
        said = frozenset(rng.sample(sorted(said), min(len(said), MOST_PARTS)))
        scene = with_defaults(scene, said)
        text = caption(scene, said, rng)
        if len(text.split()) <= MOST_WORDS:
            found.append(Asked(text, scene, said))
    return found


def answer(expander: Expander, asked: Asked, seed: int) -> Answer:
    events = expander.expand(asked.text, seed)
    written = "".join(event.text for event in events if isinstance(event, Words))
    loops = goes_in_circles(expander.tokenizer.ids(written)) or comes_twice(written.split())
    return Answer(asked, written, parse(written), loops)


def comes_twice(words: list[str]) -> bool:
    passages = [tuple(words[i : i + LOOP_WORDS]) for i in range(len(words) - LOOP_WORDS + 1)]
    return len(set(passages)) < len(passages)


def table(answers: list[Answer]) -> str:
    """Each share, and of how many."""

    def kept(part: str, counted: list[Answer]) -> list[bool]:
        return [a.asked.keeps(part, a.scene) for a in counted]

    coloured = [a for a in answers if "colour" in a.asked.said]
    roomy = [a for a in answers if a.asked.leaves_room]
    rows: dict[str, list[bool]] = {
        "thing kept": kept("kind", answers),
        "colour kept": kept("colour", coloured),
        "thing and colour kept": [
            a.asked.keeps("kind", a.scene) and ("colour" not in a.asked.said or a.asked.keeps("colour", a.scene))
            for a in answers
        ],
        "number kept": kept("count", [a for a in answers if a.asked.scene.kind]),
        "everything said kept": [a.asked.is_kept(a.scene) for a in answers],
        "says more, where there is room": [
            a.scene is not None and richness(a.scene) > richness(a.asked.scene) for a in roomy
        ],
        "fluent": [a.scene is not None for a in answers],
        "loops": [a.loops for a in answers],
    }
    lines = ["| | share | of |", "| --- | --- | --- |"]
    lines += [f"| {name} | {sum(hits) / len(hits):.3f} | {len(hits)} |" for name, hits in rows.items() if hits]
    return "\n".join(lines)


def check_grammar() -> None:
    """Every description must parse as what it describes: the regular expression above repeats `captions.describe`."""
    rng = Random(0)
    for _ in range(2000):
        scene, _ = random_scene(rng, Difficulty())
        text = describe(scene, rng)
        if not Asked(text, scene, frozenset(("time", "ground", "sky", "backdrop"))).is_kept(parse(text)):
            raise SystemExit(f"captions.describe has changed, this file has not: {text}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--checkpoint", type=Path, default=ASSETS)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--greedy", action="store_true", help="always the likeliest word, whatever tintype.json says")
    parser.add_argument("--failures", type=int, default=5, help="print so many captions that lost something")
    given = parser.parse_args()
    torch.set_num_threads(1)
    check_grammar()
    expander = Pipeline.load(given.checkpoint).expander
    if given.greedy:
        expander = replace(expander, how=replace(expander.how, temperature=0.0))
    answers = [answer(expander, asked, seed) for seed, asked in enumerate(terse(given.count, SEED))]
    print(table(answers))
    lost = [a for a in answers if not a.asked.is_kept(a.scene) or a.loops]
    for each in lost[: given.failures]:
        print(f"\n{each.asked.text}\n-> {each.text}")


if __name__ == "__main__":
    main()
