"""One attempt at one job: what the engine reports about it becomes log lines, files and, at the end, an outcome."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from tintype import images, messages
from tintype.core import Failure, ImageFile, Job, LogLine, Params, Result
from tintype.errors import CANCELLED
from tintype.files import INLINE, UNTIL, FileStore, ending, preview_key
from tintype.worker.engine_process import EngineProcess
from tintype.worker.status import UNCHECKED, EngineStatus

SILENCE_SECONDS = 1800.0
"""An engine that reports nothing for so long while it paints has hung; one step of the 6B on a slow CPU has not."""

LINE = 80
"""A line of the log takes so many letters of an expanded prompt, at most."""

log = structlog.get_logger(__name__)

Say = Callable[[LogLine], None]
"""Adds a line to the job's log."""


async def paint(
    job: Job, params: Params, engine: EngineProcess, status: EngineStatus, files: FileStore, say: Say
) -> Result | Failure:
    """Have ``engine`` paint the job, store its pictures, and return what became of it.

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
    saved: list[ImageFile] = []
    flagged: list[bool] = []
    writing, expanded = _Writing(say), None
    while True:
        match await _hear_about(job, engine):
            case messages.Words() as words:
                writing.hear(words.text)
            case messages.Expanded() as expanded:
                writing.end(expanded, params.prompt)
            case messages.StepDone() as step:
                if step.preview is not None:
                    await _keep_preview(job, step, step.preview, files)  # first: the line says that it is there
                say(LogLine(_step_text(step, params.images)))
            case messages.PictureDone() as picture:
                if picture.flagged:
                    text = f"image {picture.image + 1}/{params.images} is black: the safety checker flagged it"
                    say(LogLine(text, level="WARN"))
                saved.append(await _save(job, params, picture, files, say))
                flagged.append(picture.flagged)
            case messages.Finished() as end:
                return Result(
                    images=tuple(saved),
                    seed=params.seed,
                    prompt=params.prompt,
                    flagged=tuple(flagged),
                    timings=_timings(end, expanded),
                    expanded=expanded is not None and expanded.prompt != params.prompt,
                )
            case messages.Stopped():
                return CANCELLED
            case messages.Failed() as end:
                return end.failure


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


async def forget(job: Job, files: FileStore) -> None:
    """Delete the pictures of an attempt that came to nothing; at worst they stay until their end or the job's."""
    assert job.params is not None
    folders = [f"{INLINE}{job.id}" if job.params.inline else job.id]
    try:
        if job.terms.media_seconds is not None:  # each picture was given its own end
            folders += [f"{UNTIL}{end}/{job.id}" for end in await files.ends()]
        for folder in folders:
            await files.delete_prefix(f"{folder}/{job.attempt}")
    except Exception:
        log.exception("files of a failed attempt could not be deleted", job=job.id)


async def _hear_about(job: Job, engine: EngineProcess) -> messages.JobReport:
    """The engine's next report about this job; what it still says about an earlier one is dropped."""
    while True:
        report = await engine.hear(SILENCE_SECONDS)
        if isinstance(report, messages.JobReport) and report.job_id == job.id:
            return report


async def _save(job: Job, params: Params, picture: messages.PictureDone, files: FileStore, say: Say) -> ImageFile:
    """Encode one picture and put it where its address will point."""
    started = time.perf_counter()
    data = await asyncio.to_thread(images.encode, picture.pixels, picture.width, picture.height, params.format)
    key = f"{_folder(job, params)}/{job.attempt}/{picture.image}.{images.extension(params.format)}"
    await files.put(key, data)
    seconds = time.perf_counter() - started
    say(LogLine(f"image {picture.image + 1}/{params.images} saved, {len(data) / 1000:.0f} kB, {seconds:.2f} s"))
    return ImageFile(key, images.content_type(params.format), len(data), picture.width, picture.height)


async def _keep_preview(job: Job, step: messages.StepDone, preview: messages.Preview, files: FileStore) -> None:
    """Put the picture of one step where its watcher looks; the painting does not depend on it."""
    try:
        data = await asyncio.to_thread(images.encode, preview.pixels, preview.width, preview.height, "jpeg")
        await files.put(preview_key(job.id, job.attempt, step.image, step.step), data, durable=False)
    except Exception:
        log.exception("a preview is lost", job=job.id, step=step.step)


def _folder(job: Job, params: Params) -> str:
    """Where a file lies that a job makes now; inline ones are never served by address."""
    return f"{INLINE}{job.id}" if params.inline else ending(job.id, job.terms.media_seconds)


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
    of_image = f"image {step.image + 1}/{images}, " if images > 1 else ""
    return f"{of_image}step {step.step}/{step.steps}, {step.seconds:.2f} s"
