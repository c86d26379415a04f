"""An engine child without a model: ``python -m tintype.testing.engine``, with the arguments of :mod:`tintype.engine`.

It keeps every rule of the pipe (steps, previews, pictures, cancels, refusals) and paints flat colours at once. Words of
the prompt steer it, so that a test needs no other way in:

=============  =============================================================
``slow:0.5``   half a second for each step, and for each word of an expanded prompt
``crash``      the child ends after the first step, on every attempt
``fail``       the job fails as by a mistake of ours
``oom``        the job fails for want of memory
``as-it-is``   the prompt is not expanded, as if that had gone wrong
=============  =============================================================
"""

import argparse
import os
import re
import time
from multiprocessing.connection import Connection

from tintype import messages
from tintype.core import Failure
from tintype.errors import INTERNAL
from tintype.testing.colours import colour

READY = messages.Ready("flat colours", "1", "0" * 16, "cpu", "none", 0.0)
OUT_OF_MEMORY = Failure(500, "Out of memory; ask for a smaller image_size", "internal_error")


def main() -> None:
    """Say ready, then paint what is sent until the pipe closes."""
    parser = argparse.ArgumentParser(prog="python -m tintype.testing.engine")
    parser.add_argument("--fd", type=int, required=True)
    pipe: Connection[messages.Report, messages.Command] = Connection(parser.parse_known_args()[0].fd)
    pipe.send(READY)
    try:
        while True:
            command = pipe.recv()
            if isinstance(command, messages.Generate):
                pipe.send(work(pipe, command))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the supervisor is gone


def work(pipe: Connection, wish: messages.Generate) -> messages.Outcome:
    """One job to its end; the outcome is returned, not sent."""
    started = time.perf_counter()
    words = wish.prompt.split()
    if "fail" in words:
        return messages.Failed(wish.job_id, INTERNAL)
    if "oom" in words:
        return messages.Failed(wish.job_id, OUT_OF_MEMORY)
    seconds = step_seconds(wish.prompt)
    prompt = wish.prompt
    if wish.expand:
        for word in expanded(prompt).split():
            pipe.send(messages.Words(wish.job_id, f" {word}"))
            if cancelled(pipe, wish.job_id, seconds):
                return messages.Stopped(wish.job_id)
        trouble = "it is to stay" if "as-it-is" in words else ""
        prompt = prompt if trouble else expanded(prompt)
        pipe.send(messages.Expanded(wish.job_id, prompt, 0.0, trouble))
    for image in range(wish.images):
        for step in range(1, wish.steps + 1):
            if cancelled(pipe, wish.job_id, seconds):
                return messages.Stopped(wish.job_id)
            preview = messages.Preview(4, 3, colour(prompt, wish.seed + image) * (4 * 3)) if wish.previews else None
            pipe.send(messages.StepDone(wish.job_id, image, step, wish.steps, seconds, preview))
            if "crash" in words:
                os._exit(1)
        pixels = colour(prompt, wish.seed + image) * (wish.width * wish.height)
        pipe.send(messages.PictureDone(wish.job_id, image, wish.width, wish.height, pixels))
    return messages.Finished(wish.job_id, time.perf_counter() - started)


def expanded(prompt: str) -> str:
    """What stands for a fuller prompt."""
    return f"{prompt}, in one flat colour"


def step_seconds(prompt: str) -> float:
    """From ``slow:SECONDS`` in the prompt; else none."""
    asked = re.search(r"\bslow:(\d+(?:\.\d+)?)", prompt)
    return float(asked[1]) if asked else 0.0


def cancelled(pipe: Connection, job_id: str, seconds: float) -> bool:
    """Take ``seconds`` for a step, as a real one does without looking up; then see whether the job was cancelled."""
    time.sleep(seconds)
    while pipe.poll():
        command = pipe.recv()
        if isinstance(command, messages.Cancel) and command.job_id == job_id:
            return True
    return False


if __name__ == "__main__":
    main()
