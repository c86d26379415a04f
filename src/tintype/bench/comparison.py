"""What is known of each engine after a comparison, as a table and as JSON."""

import math
import statistics
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from tintype.bench import latency
from tintype.bench.turns import Engine, Painted

PARTS = ("whole", "step", "text", "decode")
SHORT = {"float32": "fp32", "bfloat16": "bf16"}


@dataclass(slots=True)
class Row:
    """One engine."""

    engine: Engine
    dtype: str = ""
    painted: list[Painted] = field(default_factory=list[Painted])
    peak: int = 0
    """Bytes."""
    ceiling: float = 0.0
    """FLOPs a second of matrix products in its dtype, the best that was seen."""
    trouble: str = ""
    """Why it was not measured."""
    ratios: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """Of a peer: for each of ours, its seconds by ours in each round."""
    psnr: dict[str, float] = field(default_factory=dict[str, float])
    """For each of ours, the distance of the first pictures in dB; not a number: of other noise."""

    @property
    def forecast(self) -> int:
        """Of ours: the bytes that the memory plan expected at most; of a peer 0."""
        return self.painted[0].forecast if self.painted else 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """All engines that painted, or could not paint, the same pictures."""

    model: str
    size: tuple[int, int]
    steps: int
    rounds: int
    tokens: int
    flops: dict[str, int]
    """Of each part, see :meth:`tintype.bench.flops.Work.by_part`."""
    rows: list[Row]

    def result(self, row: Row) -> dict[str, Any]:
        """``row`` for JSON."""
        seconds = self._seconds(row)
        middle = {part: statistics.median(times) for part, times in seconds.items()}
        fractions = {part: self.flops[part] / middle[part] / row.ceiling for part in PARTS if part in middle}
        return {
            "engine": row.engine.name,
            "model": self.model,
            "dtype": row.dtype,
            "variant": row.engine.variant,
            "as_people_run_it": row.engine.as_people_run_it,
            "trouble": row.trouble,
            "size": f"{self.size[0]}x{self.size[1]}",
            "steps": self.steps,
            "tokens": self.tokens,
            "seconds": seconds,
            "median": middle,
            "flops": self.flops,
            "ceiling_flops_per_second": row.ceiling,
            "fraction_of_ceiling": fractions,
            "peak_bytes": row.peak,
            "forecast_bytes": row.forecast,
            "ratio": {name: {"rounds": all_, "median": statistics.median(all_)} for name, all_ in row.ratios.items()},
            "psnr": {name: value if math.isfinite(value) else str(value) for name, value in row.psnr.items()},
        }

    def times(self) -> Table:
        """Seconds of each part, and behind them how near that is to the ceiling of matrix products."""
        title = (
            f"{self.size[0]}x{self.size[1]}, {self.steps} steps, {self.tokens} tokens: median of {self.rounds}, in s"
        )
        columns = ("engine", "", *PARTS, "peak, GB", "forecast")
        shown = Table(*columns, box=None, padding=(0, 1, 0, 0), title=title, title_justify="left")
        for row in self.rows:
            if row.trouble:
                continue
            seconds = self._seconds(row)
            cells = [self._cell(part, seconds.get(part), row.ceiling) for part in PARTS]
            memory = f"{row.peak / 1e9:.2f}", f"{row.forecast / 1e9:.2f}" if row.forecast else ""
            shown.add_row(row.engine.name, SHORT.get(row.dtype, row.dtype), *cells, *memory)
        return shown

    def ratios(self) -> Table:
        """Each peer's time by Tintype's: above 1 Tintype is faster."""
        title = "how many times faster Tintype is, median of the rounds' ratios"
        columns = ("than", "", "ratio", "min-max", "PSNR")
        shown = Table(*columns, box=None, padding=(0, 1, 0, 0), title=title, title_justify="left")
        for row in self.rows:
            for name, all_ in row.ratios.items():
                psnr = row.psnr[name]
                distance = "other noise" if math.isnan(psnr) else "equal" if math.isinf(psnr) else f"{psnr:.1f} dB"
                spread = f"{min(all_):.2f}-{max(all_):.2f}"
                shown.add_row(row.engine.name, name, f"{statistics.median(all_):.2f}", spread, distance)
        return shown

    def troubles(self) -> list[str]:
        """Who was not measured, and why; a line each."""
        return [f"not measured: {row.engine.name}: {row.trouble}" for row in self.rows if row.trouble]

    def _cell(self, part: str, seconds: list[float] | None, ceiling: float) -> str:
        if not seconds:
            return ""
        middle = statistics.median(seconds)
        return f"{middle:<6.3g} {self.flops[part] / middle / ceiling:4.0%}"

    def _seconds(self, row: Row) -> dict[str, list[float]]:
        """Part -> its seconds in each round."""
        rounds = [latency.parts(painted, self.steps) for painted in row.painted]
        return {part: [each[part] for each in rounds] for part in PARTS if rounds and part in rounds[0]}
