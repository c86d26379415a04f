"""An expanded prompt on its way from the engine into the job's log and result."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tintype import messages
from tintype.core import Failure, Job, LogLine, Params, Result
from tintype.files import FileStore
from tintype.worker.painting import paint
from tintype.worker.status import EngineStatus

from .scripted import ScriptedEngine, paints

PARAMS = Params("boat", 8, 8, 1, 0, 1, "png", False, "none", False, True)
JOB = Job(id="a", account="local", params=PARAMS, attempt=1)
FULLER = " ".join(f"word{n}" for n in range(30))


def outcome(
    folder: Path, words: Sequence[str], end: messages.Expanded | None, params: Params = PARAMS
) -> tuple[Result | Failure, list[LogLine], messages.Command]:
    def writes(engine: ScriptedEngine, wish: messages.Generate) -> None:
        for text in words:
            engine.report(messages.Words("a", text))
        if end is not None:
            engine.report(end)
        paints(engine, wish)

    async def run() -> tuple[Result | Failure, list[LogLine], messages.Command]:
        engine, lines = ScriptedEngine(writes), list[LogLine]()
        await engine.start(print)
        painted = await paint(JOB, params, engine, EngineStatus(), FileStore(str(folder)), lines.append)
        return await painted.outcome(), lines[2:], engine.commands[0]

    return asyncio.run(run())


def test_words_stream_into_the_log_some_to_a_line_and_the_whole_follows(tmp_path: Path) -> None:
    pieces = [f" {word}" for word in FULLER.split()]
    result, lines, wish = outcome(tmp_path, pieces, messages.Expanded("a", FULLER, 0.5))
    assert isinstance(wish, messages.Generate)
    assert wish.expand
    *said, whole = [line.message for line in lines if line.message.startswith(("expanding: ", "prompt expanded"))]
    assert " ".join(line.removeprefix("expanding: ") for line in said) == FULLER
    assert 2 <= len(said) <= 4
    assert whole == f"prompt expanded, 0.50 s: {FULLER}"
    assert isinstance(result, Result)
    assert (result.prompt, result.expanded) == ("boat", True)
    assert result.timings == {"inference": 0.02, "expansion": 0.5}


def test_words_without_spaces_are_cut_too(tmp_path: Path) -> None:
    _, lines, _ = outcome(tmp_path, ["红色的自行车"] * 30, messages.Expanded("a", "红色的自行车" * 30, 0.5))
    said = [line.message.removeprefix("expanding: ") for line in lines if line.message.startswith("expanding: ")]
    assert "".join(said) == "红色的自行车" * 30
    assert max(map(len, said)) < 100


def test_what_went_wrong_is_said_and_costs_nothing(tmp_path: Path) -> None:
    result, lines, _ = outcome(tmp_path, ["no"], messages.Expanded("a", "boat", 0.5, "it was lost"))
    [warning] = [line for line in lines if line.level == "WARN" and "expansion" in line.message]
    assert warning.message == "prompt expansion: it was lost; the prompt is used as given"
    assert isinstance(result, Result)
    assert not result.expanded


def test_a_prompt_that_comes_back_as_it_was_costs_nothing(tmp_path: Path) -> None:
    result, lines, _ = outcome(tmp_path, ["boat"], messages.Expanded("a", "boat", 0.5))
    assert "the prompt needs no expansion, 0.50 s" in [line.message for line in lines]
    assert isinstance(result, Result)
    assert not result.expanded


def test_who_does_not_ask_gets_none(tmp_path: Path) -> None:
    result, _, wish = outcome(tmp_path, [], None, replace(PARAMS, expand_prompt=False))
    assert isinstance(wish, messages.Generate)
    assert not wish.expand
    assert isinstance(result, Result)
    assert not result.expanded
    assert result.timings == {"inference": 0.02}
