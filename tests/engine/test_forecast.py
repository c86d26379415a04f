"""The forecast against what a process of its own really takes: half a gigabyte of random weights, three pictures."""

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .middling_checkpoint import write_middling

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a process's peak memory is read from Linux's /proc")


@pytest.fixture(scope="module")
def weighed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = write_middling(tmp_path_factory.mktemp("models") / "middling")
    found = {"RESIDENT": weigh(folder, "RESIDENT", at_least=1), "SEQUENTIAL": weigh(folder, "SEQUENTIAL", at_least=5)}
    for file in folder.rglob("*.safetensors"):
        file.unlink()  # pytest keeps its folders for a while
    return found


def weigh(folder: Path, layout: str, at_least: int) -> dict[str, Any]:
    """What a process took whose heap did not spread; of up to five, for where small things come to lie is chance.

    One of them between the large holes, and the next picture's tensors do not fit there. A process that kept more
    and more would do so every time. ``usual`` is the median of the peaks of so many processes, ``at_least``.
    """
    peaks: list[int] = []
    chosen: dict[str, Any] | None = None
    for _ in range(5):
        command = [sys.executable, str(Path(__file__).parent / "weighed.py"), str(folder), layout]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        print(found["plan"], "measured", found["peak"], "forecast", found["forecast"])
        assert found["in_use"][2] <= 1.01 * found["in_use"][0]
        peaks.append(found["peak"][-1])
        if chosen is None and needs_no_more(found):
            chosen = found
        if chosen is not None and len(peaks) >= at_least:
            break
    return (chosen or found) | {"usual": statistics.median(peaks)}


def needs_no_more(found: dict[str, Any]) -> bool:
    """Whether the second and third picture took no more than the first."""
    peak = found["peak"]
    return (
        peak[1] <= 1.05 * peak[0]  # the allocator does not give back all that was freed
        and peak[2] <= 1.03 * peak[1]
        and found["resident"][2] <= 1.05 * peak[0]  # freed memory is kept for the next picture, not added to
    )


@pytest.mark.parametrize(("layout", "part"), [("RESIDENT", 0.08), ("SEQUENTIAL", 0.08)])
def test_the_peak_is_near_the_forecast(weighed: dict[str, dict[str, Any]], layout: str, part: float) -> None:
    forecast, peak = weighed[layout]["forecast"], weighed[layout]["usual"]
    assert abs(peak - forecast) <= part * forecast, f"{peak / 1e6:.0f} MB, forecast {forecast / 1e6:.0f} MB"


@pytest.mark.parametrize("layout", ["RESIDENT", "SEQUENTIAL"])
def test_the_second_picture_needs_no_more_than_the_first(weighed: dict[str, dict[str, Any]], layout: str) -> None:
    assert needs_no_more(weighed[layout]), weighed[layout]


def test_streaming_half_a_gigabyte_saves_it_and_no_bit_is_another(weighed: dict[str, dict[str, Any]]) -> None:
    assert weighed["SEQUENTIAL"]["peak"][-1] < weighed["RESIDENT"]["peak"][-1] - 400_000_000
    assert weighed["SEQUENTIAL"]["pictures"] == weighed["RESIDENT"]["pictures"]
