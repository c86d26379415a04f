"""An expansion adds to what was said and changes none of it."""

from random import Random

from expansion import Asked, check_grammar
from scene import BACKDROPS, SKIES, Difficulty, Scene, enriched, random_scene, richness, with_defaults


def test_what_is_said_stays_and_only_what_can_be_painted_is_added() -> None:
    rng = Random(0)
    gains = []
    for _ in range(2000):
        scene, said = random_scene(rng, Difficulty())
        fuller = enriched(scene, said, rng)
        asked = Asked("", scene, said)
        assert asked.is_kept(fuller), (scene, said, fuller)
        assert fuller.sky in SKIES[fuller.time]
        assert fuller.backdrop in BACKDROPS[fuller.ground]
        if asked.leaves_room:
            gains.append(richness(fuller) - richness(scene))
    assert min(gains) >= 0
    assert sum(gain > 0 for gain in gains) > 0.7 * len(gains)


def test_chance_adds_other_things_to_the_same_caption() -> None:
    rng, said = Random(0), frozenset({"colour"})
    boat = with_defaults(Scene(kind="sailboat", colour="red"), said)
    found = {enriched(boat, said, rng) for _ in range(100)}
    assert {(scene.kind, scene.colour, scene.ground) for scene in found} == {("sailboat", "red", "sea")}
    assert {scene.time for scene in found} == {"day", "dawn", "sunset"}
    assert {scene.backdrop for scene in found} == {"island", "mountains"}


def test_nothing_is_added_where_nothing_is_asked_for() -> None:
    said = frozenset({"sky", "backdrop"})
    empty = with_defaults(Scene(kind="cat", sky=(), backdrop="none"), said)
    assert enriched(empty, said, Random(0)) == empty


def test_every_description_is_read_as_what_it_describes() -> None:
    check_grammar()
