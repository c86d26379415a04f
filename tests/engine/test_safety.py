"""What the pipeline makes of the checker's verdicts."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tintype.engine import safety
from tintype.engine.checkpoint import fingerprint
from tintype.engine.pipeline import Picture, Pipeline, Step
from tintype.engine.sizes import Pixels
from tintype.errors import InputRefused
from tintype.models import POSTCARD
from tintype.published import SAFETY_FOLDER

from .checkers import that_flags_all, without_checker

DRAWINGS = Path(__file__).parent.parent / "golden" / "drawings"
WISH: dict[str, Any] = {"prompt": "a house", "width": 120, "height": 80, "steps": 4, "seed": 3}
Events = list[Step | Picture]


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def flagging(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return Pipeline.load(that_flags_all(tmp_path_factory.mktemp("models") / "flagging"), "cpu", checks=True)


@pytest.fixture(scope="module")
def unchecked(flagging: Pipeline) -> Events:
    return list(flagging.paint(**WISH, previews=True))


class Verdicts:
    """A checker that was told what to say."""

    def __init__(self, *verdicts: bool) -> None:
        self.verdicts = list(verdicts)
        self.seen: list[Pixels] = []

    def flags(self, pixels: Pixels) -> bool:
        self.seen.append(pixels)
        return self.verdicts.pop(0)


def judged(pipeline: Pipeline, checker: Verdicts, **wish: Any) -> Events:
    return list(replace(pipeline, checker=checker).paint(**WISH | wish, check=True))  # type: ignore[arg-type]


def shown(events: Events) -> list[bool]:
    """For every small picture and then the large one, whether it shows anything."""
    small = [event.preview for event in events if isinstance(event, Step)]
    return [bool(pixels.any()) for pixels in [*small, picture_of(events).pixels] if pixels is not None]


def picture_of(events: Events) -> Picture:
    assert isinstance(events[-1], Picture)
    return events[-1]


def test_a_flagged_picture_is_black_and_of_its_size_and_so_are_its_previews(flagging: Pipeline):
    events = list(flagging.paint(**WISH, previews=True, check=True))
    assert picture_of(events).flagged
    assert picture_of(events).pixels.shape == (80, 120, 3)
    assert shown(events) == [False] * 5


def test_what_is_not_to_be_checked_is_not(unchecked: Events):
    assert not picture_of(unchecked).flagged
    assert shown(unchecked) == [True] * 5


def test_a_picture_that_passes_is_the_same_byte_for_byte(flagging: Pipeline, unchecked: Events):
    for previews, questions in ((False, 1), (True, 4)):
        checker = Verdicts(*[False] * questions)
        events = judged(flagging, checker, previews=previews)
        assert np.array_equal(picture_of(events).pixels, picture_of(unchecked).pixels)
        assert len(checker.seen) == questions


def test_previews_are_black_from_the_first_that_is_flagged(flagging: Pipeline):
    events = judged(flagging, Verdicts(False, True, True), previews=True)
    assert shown(events) == [True, False, False, False, False]


def test_the_finished_picture_alone_decides_and_the_last_preview_follows_it(flagging: Pipeline):
    """Seen by the checker: three previews, of which one is flagged and the next not asked for, then the picture."""
    checker = Verdicts(True, False)
    events = judged(flagging, checker, previews=True)
    assert [pixels.shape for pixels in checker.seen] == [(80, 120, 3), (80, 120, 3)]
    assert np.array_equal(checker.seen[1], picture_of(events).pixels)
    assert shown(events) == [False, False, False, True, True]
    assert shown(judged(flagging, Verdicts(False, False, False, True), previews=True)) == [True] * 3 + [False] * 2


def test_every_picture_has_a_verdict_of_its_own(flagging: Pipeline):
    events = judged(flagging, Verdicts(True, False), images=2, steps=1)
    assert [event.flagged for event in events if isinstance(event, Picture)] == [True, False]


def test_without_a_checker_the_check_is_refused_and_not_passed(tmp_path: Path):
    pipeline = Pipeline.load(without_checker(tmp_path / "model"), "cpu", checks=True)
    with pytest.raises(InputRefused) as refused:
        next(pipeline.paint(**WISH, check=True, expand=True))  # before a word is written
    (entry,) = refused.value.failure.detail
    assert isinstance(entry, dict)
    assert (entry["type"], entry["loc"]) == ("safety_checker_missing", ["body", "enable_safety_checker"])
    assert isinstance(next(pipeline.paint(**WISH)), Step)


def test_the_bundled_checker_knows_a_pirate_flag_at_any_size_and_nothing_else():
    checker = safety.Checker.load(POSTCARD / SAFETY_FOLDER, "cpu")
    for size in ((512, 384), (1024, 768), (256, 192), (400, 400)):
        flag, boat = (
            np.asarray(Image.open(DRAWINGS / f"{name}.png").resize(size)) for name in ("pirate-flag", "black-sailboat")
        )
        assert checker.flags(flag)
        assert not checker.flags(boat)
    assert not checker.flags(np.asarray(Image.open(POSTCARD / "golden.png")))


def test_the_checker_is_no_part_of_the_models_version(tmp_path: Path):
    """It changes no picture that it lets pass."""
    assert fingerprint(without_checker(tmp_path / "a")) == fingerprint(POSTCARD)
    assert fingerprint(that_flags_all(tmp_path / "b")) == fingerprint(POSTCARD)
