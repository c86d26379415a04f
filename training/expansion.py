"""How well prompts are expanded, in figures: `python training/expansion.py`.

Terse captions of the grammar, the same for the same seed, go through the server's own expander; each answer is parsed
by the grammar of `captions.describe`, word for word. Whatever parses is fluent, and says which thing of which colour
it describes.
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
from scene import Difficulty, Scene, random_scene, with_defaults
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
SCARVES = r"with (?:a (?P<scarf>{colour}) scarf|(?P<scarves>{colour}) scarves)"


def any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, set(words)), key=len, reverse=True))


def all_words(groups: dict[str, tuple[str, ...]]) -> str:
    return any_of(word for words in groups.values() for word in words)


KIND_OF = {noun: kind for kind, nouns in NOUNS.items() for noun in nouns[0]}
COUNT_OF = {word: count for count, words in NUMBERS.items() for word in words} | {"a": 1, "an": 1}
COLOUR_OF = {word: name for name in COLOURS for word in COLOUR_WORDS.get(name, (name,))}
GROUND_OF = {with_article(noun): ground for ground, nouns in LANDSCAPES.items() for noun in nouns}
THING = (
    rf"(?P<count>{any_of(COUNT_OF)}) (?:{any_of(word for words in SIZES.values() for word in words)}) "
    rf"(?:(?P<colour>{any_of(COLOUR_OF)}) )?(?P<noun>{any_of(KIND_OF)})"
    rf"(?: {SCARVES.format(colour=any_of(COLOUR_OF))})?"
)
SKY = rf"(?:{any_of(CLEAR)}|(?:{all_words(SKY_WORDS)})(?: and (?:{all_words(SKY_WORDS)}))?)"
DESCRIPTION = re.compile(
    rf"A travel poster of (?:{THING} (?:{all_words(GROUNDS)}) (?:{all_words(SIDES)}|side by side)"
    rf"|(?P<landscape>{any_of(GROUND_OF)})) (?:{all_words(TIMES)}), "
    rf"with (?:{all_words(BACKDROPS)}) in the background and {SKY}\."
)


@dataclass(frozen=True)
class Asked:
    """A terse caption, and what it is about."""

    text: str
    scene: Scene
    said: frozenset[str]


@dataclass(frozen=True)
class Answer:
    """What was made of one caption; None: the caption says nothing about it."""

    asked: Asked
    text: str
    subject: bool
    colour: bool | None
    number: bool | None
    fluent: bool
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
    parsed, scene = DESCRIPTION.fullmatch(written), asked.scene
    found = parsed.groupdict() if parsed else dict.fromkeys(DESCRIPTION.groupindex)
    colour = COLOUR_OF.get(found["colour"] or found["scarf"] or found["scarves"] or "")
    subject = KIND_OF.get(found["noun"] or "") == scene.kind and parsed is not None
    if scene.kind is None and "ground" in asked.said:
        subject = GROUND_OF.get(found["landscape"] or "") == scene.ground
    return Answer(
        asked,
        written,
        subject=subject,
        colour=colour == scene.colour if "colour" in asked.said else None,
        number=COUNT_OF.get(found["count"] or "") == scene.count if scene.kind is not None else None,
        fluent=parsed is not None,
        loops=goes_in_circles(expander.tokenizer.ids(written)) or comes_twice(written.split()),
    )


def comes_twice(words: list[str]) -> bool:
    passages = [tuple(words[i : i + LOOP_WORDS]) for i in range(len(words) - LOOP_WORDS + 1)]
    return len(set(passages)) < len(passages)


def table(answers: list[Answer]) -> str:
    """Each share, and of how many."""
    both = [a.subject and a.colour is not False for a in answers]
    rows: dict[str, list[bool]] = {
        "subject kept": [a.subject for a in answers],
        "colour kept": [a.colour for a in answers if a.colour is not None],
        "subject and colour kept": both,
        "number kept": [a.number for a in answers if a.number is not None],
        "fluent": [a.fluent for a in answers],
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
        parsed = DESCRIPTION.fullmatch(text)
        if parsed is None or KIND_OF.get(parsed["noun"] or "") != scene.kind:
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
    lost = [a for a in answers if not a.subject or a.colour is False or not a.fluent or a.loops]
    for each in lost[: given.failures]:
        print(f"\n{each.asked.text}\n-> {each.text}")


if __name__ == "__main__":
    main()
