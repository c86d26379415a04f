"""One attempt at one job: what the engine reports about it becomes log lines, files and, at the end, an outcome."""

import asyncio
from dataclasses import dataclass, field

from tintype import messages
from tintype.core import Failure, Job, LogLine, Params, Result
from tintype.errors import CANCELLED
from tintype.files import FileStore
from tintype.worker.engine_process import EngineProcess
from tintype.worker.saving import Saving, Say, keep_preview
from tintype.worker.status import UNCHECKED, EngineStatus

SILENCE_SECONDS = 1800.0
"""An engine that reports nothing for so long while it paints has hung; one step of the 6B on a slow CPU has not."""

LINE = 80
"""A line of the log takes so many letters of an expanded prompt, at most."""


@dataclass(slots=True)
class Painted:
    """What an engine made of a job. Its last picture may still be on its way into the files."""

    params: Params
    saving: Saving
    end: messages.Outcome | None = None
    expanded: messages.Expanded | None = None
    flagged: list[bool] = field(default_factory=list[bool])

    async def outcome(self) -> Result | Failure:
        """What became of the job, once its pictures are kept. Raises what kept one from being kept."""
        match self.end:
            case messages.Finished() as end:
                return Result(
                    images=await self.saving.done(),
                    seed=self.params.seed,
                    prompt=self.params.prompt,
                    flagged=tuple(self.flagged),
                    timings=_timings(end, self.expanded),
                    expanded=self.expanded is not None and self.expanded.prompt != self.params.prompt,
                )
            case messages.Failed() as end:
                await self.saving.give_up()
                return end.failure
            case _:
                await self.saving.give_up()
                return CANCELLED


async def paint(
    job: Job,
    params: Params,
    engine: EngineProcess,
    status: EngineStatus,
    files: FileStore,
    say: Say,
    before: asyncio.Task[None] | None = None,
) -> Painted:
    """Have ``engine`` paint the job; return as soon as it is free for the next one.

    ``before`` finishes the job before this one: pictures are written in the order of jobs.

    Raises:
        EngineDied: the job may be tried again.
    """
    for line in _opening_lines(job, params, status):
        say(line)
    engine.send(
        messages.Generate(
            job_id=job.id,
            prompt=params.prompt,
            width=params.width,
            height=params.height,
            steps=params.steps,
            seed=params.seed,
            images=params.images,
            previews=job.terms.previews,
            expand=params.expand_prompt,
            check=params.check_safety and status.safety_checker != "off",
            acceleration=params.acceleration,
        )
    )
    painted = Painted(params, Saving(job, params, files, say, before))
    try:
        status.painting = "reading the prompt"
        await _hear_to_the_end(job, engine, painted, files, say, status)
    except BaseException:
        await painted.saving.give_up()
        raise
    finally:
        status.painting = None
    return painted


async def _hear_to_the_end(
    job: Job, engine: EngineProcess, painted: Painted, files: FileStore, say: Say, status: EngineStatus
) -> None:
    """Take in what the engine reports, until it has said its last word about the job."""
    params, writing = painted.params, _Writing(say)
    while painted.end is None:
        match await _hear_about(job, engine):
            case messages.Words() as words:
                writing.hear(words.text)
            case messages.Expanded() as expanded:
                writing.end(expanded, params.prompt)
                painted.expanded = expanded
            case messages.StepDone() as step:
                status.painting = f"{_of_image(step, params.images)}step {step.step}/{step.steps}"
                if step.preview is not None:
                    await keep_preview(job, step, step.preview, files)  # first: the line says that it is there
                say(LogLine(_step_text(step, params.images)))
            case messages.PictureDone() as picture:
                if picture.flagged:
                    text = f"image {picture.image + 1}/{params.images} is black: the safety checker flagged it"
                    say(LogLine(text, level="WARN"))
                await painted.saving.add(picture)
                painted.flagged.append(picture.flagged)
            case end:
                painted.end = end


@dataclass(slots=True)
class _Writing:
    """An expanded prompt on its way into the job's log, some words to a line."""

    say: Say
    unsaid: str = ""

    def hear(self, text: str) -> None:
        """Take the next piece of it."""
        self.unsaid += text
        if len(self.unsaid) > LINE:
            at = self.unsaid.rfind(" ") + 1 or len(self.unsaid)  # some languages have no spaces
            line, self.unsaid = self.unsaid[:at], self.unsaid[at:]
            self._say(line)

    def end(self, done: messages.Expanded, given: str) -> None:
        """Say the rest, and what is painted now."""
        self._say(self.unsaid)
        if done.trouble:
            self.say(LogLine(f"prompt expansion: {done.trouble}; the prompt is used as given", level="WARN"))
        elif done.prompt == given:
            self.say(LogLine(f"the prompt needs no expansion, {done.seconds:.2f} s"))
        else:
            self.say(LogLine(f"prompt expanded, {done.seconds:.2f} s: {done.prompt}"))

    def _say(self, line: str) -> None:
        if text := " ".join(line.split()):
            self.say(LogLine(f"expanding: {text}"))


def _timings(end: messages.Finished, expanded: messages.Expanded | None) -> dict[str, float]:
    whole = {"inference": round(end.seconds, 4)}
    return whole if expanded is None else whole | {"expansion": round(expanded.seconds, 4)}


async def _hear_about(job: Job, engine: EngineProcess) -> messages.JobReport:
    """The engine's next report about this job; what it still says about an earlier one is dropped."""
    while True:
        report = await engine.hear(SILENCE_SECONDS)
        if isinstance(report, messages.JobReport) and report.job_id == job.id:
            return report


def _opening_lines(job: Job, params: Params, status: EngineStatus) -> list[LogLine]:
    """What the user should know before the first step."""
    retry = f" (attempt {job.attempt})" if job.attempt > 1 else ""
    size = f"{params.width}x{params.height}, {params.steps} steps, seed {params.seed}"
    waited = (job.started_at or job.created_at) - job.created_at
    lines = [LogLine(f"waited {waited:.2f} s in the queue")]
    lines += [LogLine(f"{status.model} {status.version} on {status.device}{retry}: {size}")]
    if params.check_safety and status.safety_checker == "off":
        lines.append(LogLine(UNCHECKED["off"], level="WARN"))
    if what := status.acceleration.get(params.acceleration):
        lines.append(LogLine(f"acceleration {params.acceleration}: {what}"))
    return lines


def _step_text(step: messages.StepDone, images: int) -> str:
    return f"{_of_image(step, images)}step {step.step}/{step.steps}, {step.seconds:.2f} s"


def _of_image(step: messages.StepDone, images: int) -> str:
    return f"image {step.image + 1}/{images}, " if images > 1 else ""
