"""The engine child: ``python -m tintype.engine --fd N --model FOLDER``, one per device.

Holds torch and the networks. Talks to its supervisor over the pipe on file descriptor N and to nobody else: it opens
no store, no socket and no settings. When the pipe closes it ends, after the step it is at.
"""

import argparse
import os
import sys
import time
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from tintype import messages
from tintype.core import Failure
from tintype.engine.accelerate import meanings
from tintype.engine.expansion import Expanded, Words
from tintype.engine.pipeline import Event, Pipeline, Step, device_named, plan_for
from tintype.engine.plan import GB
from tintype.engine.sizes import Pixels
from tintype.errors import INTERNAL, Refusal, SetupError


def main() -> int:
    """Load, say ready, then paint what is sent until the pipe closes."""
    parser = argparse.ArgumentParser(prog="python -m tintype.engine")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--expansion-prompt", type=Path)
    parser.add_argument("--safety-checker", choices=("on", "off"), default="on")
    parser.add_argument("--memory", type=float, default=0)
    parser.add_argument("--max-pixels", type=int, default=2048 * 2048)
    arguments = parser.parse_args()
    pipe: Connection[messages.Report, messages.Command] = Connection(arguments.fd)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    try:
        pipeline = load(pipe, arguments)
    except SetupError as error:
        pipe.send(messages.Unable(str(error)))
        return 1
    except Exception as error:  # no driver, no memory: whoever started the server is to read why
        traceback.print_exc()
        pipe.send(messages.Unable(f"the engine cannot start: {type(error).__name__}: {error}"))
        return 1
    try:
        while True:
            command = pipe.recv()
            if isinstance(command, messages.Generate):
                pipe.send(work(pipe, pipeline, command))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return 0  # the supervisor is gone


def load(pipe: Connection, arguments: argparse.Namespace) -> Pipeline:
    """Plan, load and warm up, reporting each phase."""
    started = time.perf_counter()
    folder: Path = arguments.model
    checks, chosen = arguments.safety_checker == "on", device_named(arguments.device)
    plan = plan_for(folder, chosen, memory=arguments.memory, max_pixels=arguments.max_pixels, checks=checks)
    pipe.send(messages.Phase(f"memory: {plan}"))
    pipe.send(messages.Phase(f"loading {folder.name} onto {chosen}"))
    rules: Path | None = arguments.expansion_prompt
    pipeline = Pipeline.load(folder, chosen, expansion_prompt=rules, checks=checks, plan=plan)
    if pipeline.expander.trouble is not None:
        pipe.send(messages.Phase(pipeline.expander.trouble))  # pictures can be painted all the same
    pipe.send(messages.Phase("warming up"))
    # A GPU takes its memory and picks its kernels for the usual size; a large model on a CPU would take minutes there.
    width, height = (512, 512) if chosen.type == "cpu" else (1024, 768)
    for _ in pipeline.paint("", width, height, steps=1, seed=0, check=pipeline.checker is not None):
        pass
    pipe.send(
        messages.Ready(
            model=pipeline.checkpoint.name,
            version=pipeline.checkpoint.version,
            checksum=pipeline.checkpoint.checksum,
            device=str(pipeline.device),
            dtype=str(pipeline.dtype).removeprefix("torch."),
            seconds=time.perf_counter() - started,
            safety_checker="off" if not checks else "on" if pipeline.checker else "missing",
            acceleration=meanings(pipeline.device, pipeline.dtype, pipeline.plan),
            memory=plan.budget / GB,
        )
    )
    return pipeline


def work(pipe: Connection, pipeline: Pipeline, wish: messages.Generate) -> messages.Outcome:
    """Paint one job, reporting every step and picture; the outcome is returned, not sent."""
    started = time.perf_counter()
    try:
        for event in pipeline.paint(
            wish.prompt,
            wish.width,
            wish.height,
            steps=wish.steps,
            seed=wish.seed,
            images=wish.images,
            previews=wish.previews,
            expand=wish.expand,
            check=wish.check,
            acceleration=wish.acceleration,
        ):
            pipe.send(report(wish.job_id, event))
            if cancelled(pipe, wish.job_id):
                return messages.Stopped(wish.job_id)
    except Refusal as refusal:
        return messages.Failed(wish.job_id, refusal.failure)
    except torch.OutOfMemoryError:
        size = f"{wish.width}x{wish.height}"
        return messages.Failed(
            wish.job_id, Failure(500, f"Out of memory at {size}; ask for a smaller image_size", "internal_error")
        )
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except Exception:  # a bug must fail this job, not the ones behind it
        if pipeline.device.type != "cpu":
            raise  # after an error on a device nothing there can be trusted: end, and be started anew
        traceback.print_exc()
        return messages.Failed(wish.job_id, INTERNAL)
    return messages.Finished(wish.job_id, time.perf_counter() - started)


def report(job_id: str, event: Event) -> messages.JobReport:
    """The pipeline's event as data for the pipe."""
    if isinstance(event, Words):
        return messages.Words(job_id, event.text)
    if isinstance(event, Expanded):
        return messages.Expanded(job_id, event.prompt, event.seconds, event.trouble)
    if isinstance(event, Step):
        return messages.StepDone(job_id, event.image, event.step, event.steps, event.seconds, preview_of(event.preview))
    height, width, _ = event.pixels.shape
    return messages.PictureDone(job_id, event.image, width, height, event.pixels.tobytes(), event.flagged)


def preview_of(pixels: Pixels | None) -> messages.Preview | None:
    """A small picture as data for the pipe."""
    if pixels is None:
        return None
    height, width, _ = pixels.shape
    return messages.Preview(width, height, pixels.tobytes())


def cancelled(pipe: Connection, job_id: str) -> bool:
    """Whether a :class:`~tintype.messages.Cancel` for this job has arrived."""
    while pipe.poll():
        command = pipe.recv()
        if isinstance(command, messages.Cancel) and command.job_id == job_id:
            return True
    return False


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # nothing to save, and torch's own teardown takes a second
