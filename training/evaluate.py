"""How well the model follows the words, in figures: `postcard.py --measure`.

Captions that nobody trained on are painted by the engine's own pipeline, at 1024 x 768, one seed each, nothing picked.
The probe (`probe.py`) says what each picture shows. Beside the model's share of right answers stands the probe's own on
renders of the very same scenes, which is the most that could be measured, and the share that one gets by always giving
the commonest answer. A part of a scene is counted only where the caption names it; see ROWS.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from torch import Tensor

import diffusion
import probe
from captions import caption
from latents import LinearLatents, to_signed
from scene import Scene, random_scene
from tintype.engine.pipeline import Pipeline

SEED = 31_337  # of the held-out captions
WIDTH, HEIGHT = 1024, 768
MARKS = "<!-- figures: postcard.py --measure --write -->", "<!-- end of figures -->"
FAILURES = 20


@dataclass(frozen=True)
class Asked:
    """One caption, the scene that it asks for, the parts that it names, and the seed it is painted with."""

    caption: str
    scene: Scene
    said: frozenset[str]
    seed: int


@dataclass(frozen=True)
class Row:
    """One line of the table: what is counted, what the answer is, and the share that we want."""

    counts: Callable[[Asked], bool]
    answer: Callable[[Scene], Hashable]
    bar: float | None = None


def names(part: str) -> Callable[[Asked], bool]:
    return lambda asked: part in asked.said


def one_thing(asked: Asked) -> bool:
    return asked.scene.kind is not None and asked.scene.count == 1


def plain(asked: Asked) -> bool:
    return one_thing(asked) and (asked.scene.place, asked.scene.size) == ("centre", "big")


def standing(scene: Scene) -> Hashable:
    """The kind, how many there are, and where a single one stands; several stand side by side."""
    return scene.kind, scene.count, scene.place if scene.count == 1 else None


ROWS: dict[str, Row] = {
    "time": Row(names("time"), lambda s: s.time, 0.98),
    "ground": Row(names("ground"), lambda s: s.ground, 0.97),
    "sky thing": Row(names("sky"), lambda s: s.sky),
    "backdrop": Row(names("backdrop"), lambda s: s.backdrop),
    "kind, or nothing": Row(lambda _: True, lambda s: s.kind),
    "kind at its place": Row(lambda a: a.scene.kind is not None, standing, 0.85),
    "kind at its place, one thing": Row(one_thing, standing, 0.95),
    "kind at its place, one big thing in the middle": Row(plain, standing),
    "colour": Row(names("colour"), lambda s: s.colour, 0.85),
    "number, two or three": Row(lambda a: a.scene.count > 1, lambda s: s.count, 0.75),
    "place": Row(lambda a: "place" in a.said and one_thing(a), lambda s: (s.place, s.count)),
    "size": Row(names("size"), lambda s: s.size),
}


@dataclass(frozen=True)
class Share:
    """One line's figures."""

    counted: int
    model: float
    probe: float
    chance: float
    bar: float | None


@dataclass(frozen=True)
class Failure:
    """A prompt whose picture is wrong while the probe is right about the render of its scene."""

    prompt: str
    seed: int
    wrong: list[str]


@dataclass(frozen=True)
class Report:
    """Everything that is said about one model; `decoder`: whether the probe looked at the decoder's pictures."""

    captions: int
    decoder: bool
    trained: dict[str, dict[str, int]]
    shares: dict[str, Share]
    confusions: dict[str, list[tuple[str, str, int]]]
    failures: list[Failure]


def held_out(count: int) -> list[Asked]:
    """Captions of the whole domain, with as many hard scenes as the last of the curriculum has."""
    rng = Random(SEED)
    asked = []
    for seed in range(count):
        scene, said = random_scene(rng, diffusion.WHOLE)
        asked.append(Asked(caption(scene, said, rng), scene, said, seed))
    return asked


@dataclass(frozen=True)
class Painter:
    """The engine's pipeline, up to what the probe looks at."""

    pipeline: Pipeline
    code: LinearLatents | None  # in place of the decoder

    def paint(self, text: str, seed: int) -> Tensor:
        """The picture [3, H, W] in -1..1."""
        latents = self.pipeline.noise(WIDTH, HEIGHT, seed)
        for denoised in self.pipeline.denoise(latents, self.pipeline.read(text), diffusion.STEPS):
            latents = denoised.latents
        if self.code is not None:
            return self.code.decode(latents)[0].clamp(-1, 1)
        return to_signed(self.pipeline.develop(latents)[None])[0]


def evaluate(work: Path, checkpoint: Path, count: int = 500, decoder: bool = False) -> Report:
    """Paint and judge `count` captions with the model in `checkpoint`; the probe is in `work`.

    With `decoder` pictures are those that users get; without, what the latents say is looked at directly, which
    takes a fifth of the time.
    """
    network = probe.load(work)
    code = None if decoder else LinearLatents.load(work)
    painter = Painter(Pipeline.load(checkpoint), code)
    asked = held_out(count)
    seen, ceiling = [], []
    for one in asked:
        seen.append(probe.look(network, painter.paint(one.caption, one.seed)))
        ceiling.append(probe.look(network, to_signed(probe.render(one.scene)[None])[0]))
        if len(seen) % 100 == 0:
            print(f"{len(seen)} of {count} painted", flush=True)
    return Report(
        captions=count,
        decoder=decoder,
        trained=json.loads((checkpoint / "tintype.json").read_text())["trained"],
        shares={name: share(row, asked, seen, ceiling) for name, row in ROWS.items()},
        confusions={name: confusions(ROWS[row], asked, seen) for name, row in CONFUSED.items()},
        failures=failures(asked, seen, ceiling),
    )


def share(row: Row, asked: list[Asked], seen: list[Scene], ceiling: list[Scene]) -> Share:
    counted = [i for i, one in enumerate(asked) if row.counts(one)]
    wanted = [row.answer(asked[i].scene) for i in counted]
    total = max(1, len(counted))

    def right(scenes: list[Scene]) -> float:
        return sum(row.answer(scenes[i]) == answer for i, answer in zip(counted, wanted, strict=True)) / total

    commonest = max(Counter(wanted).values(), default=0)
    return Share(len(counted), right(seen), right(ceiling), commonest / total, row.bar)


CONFUSED = {"kind": "kind, or nothing", "colour": "colour", "time": "time", "ground": "ground"}


def confusions(row: Row, asked: list[Asked], seen: list[Scene], most: int = 8) -> list[tuple[str, str, int]]:
    """What was asked, what is seen instead, how often; the most frequent first."""
    pairs = Counter(
        (str(row.answer(one.scene) or "nothing"), str(row.answer(found) or "nothing"))
        for one, found in zip(asked, seen, strict=True)
        if row.counts(one) and row.answer(one.scene) != row.answer(found)
    )
    return [(*pair, times) for pair, times in pairs.most_common(most)]


def failures(asked: list[Asked], seen: list[Scene], ceiling: list[Scene]) -> list[Failure]:
    """In the order of the seeds: nothing is picked but that the probe knows the render."""
    found = []
    for one, painted, drawn in zip(asked, seen, ceiling, strict=True):
        wrong = []
        for name in ("time", "ground", "kind, or nothing", "colour", "number, two or three", "place"):
            row = ROWS[name]
            answer = row.answer(one.scene)
            if row.counts(one) and row.answer(painted) != answer == row.answer(drawn):
                wrong.append(f"{name.split(',')[0]}: {in_words(row.answer(painted))}")
        if wrong:
            found.append(Failure(one.caption, one.seed, wrong))
    return found


def in_words(answer: Hashable) -> str:
    if isinstance(answer, tuple):
        place, count = answer
        return str(place) if count == 1 else f"{count} of them"
    return str(answer or "nothing")


def table(report: Report) -> str:
    """The report as markdown."""
    steps = report.trained["diffusion"]
    lines = [
        f"{report.captions} held-out captions, one picture each, the transformer after {steps['steps']} steps and "
        f"{steps['samples']} pictures; the probe looks at "
        + ("the decoder's pictures." if report.decoder else "what the latents say, without the decoder."),
        "",
        "| part | counted | Postcard | the probe on renders | chance | wanted |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, s in report.shares.items():
        bar = "" if s.bar is None else f"{s.bar:.2f}"
        lines.append(f"| {name} | {s.counted} | {s.model:.2f} | {s.probe:.2f} | {s.chance:.2f} | {bar} |")
    lines += ["", "What is taken for what most often (asked → seen, times):", ""]
    for name, pairs in report.confusions.items():
        told = ", ".join(f"{asked} → {seen} {times}" for asked, seen, times in pairs)
        lines.append(f"* {name}: {told or 'nothing'}")
    shown = report.failures[:FAILURES]
    lines += [
        "",
        f"Prompts where it fails, the first {len(shown)} of {len(report.failures)} (what is seen instead):",
        "",
    ]
    lines += [f'* "{f.prompt}", seed {f.seed}: {"; ".join(f.wrong)}' for f in shown]
    return "\n".join(lines)


def write(report: Report, record: Path, page: Path) -> None:
    """Keep the report as JSON in `record`, and put its table between the marks in `page`."""
    record.write_text(json.dumps(asdict(report), indent=1, ensure_ascii=False) + "\n")
    start, end = map(re.escape, MARKS)
    text = page.read_text()
    if len(re.findall(f"{start}.*{end}", text, re.DOTALL)) != 1:
        raise SystemExit(f"{page} has not the two lines {MARKS[0]} and {MARKS[1]}, between which the table belongs")
    body = f"{MARKS[0]}\n\n{table(report)}\n\n{MARKS[1]}"
    page.write_text(re.sub(f"{start}.*{end}", lambda _: body, text, flags=re.DOTALL))
