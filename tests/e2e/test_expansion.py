"""``enable_prompt_expansion``, over HTTP."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.server import Server

WISH = {
    "prompt": "boat at night",
    "image_size": "square",
    "num_inference_steps": 1,
    "seed": 3,
    "enable_prompt_expansion": True,
}
PRICE = 512 * 512 / 1e6 * 0.005
EXPANDED = "prompt expanded, "


def painted(server: Server, **changes: object) -> tuple[dict, list[str], bytes]:
    """The answer, the log and the picture of a queued request."""
    submitted = server.submit(**WISH | changes)
    lines = [line["message"] for line in server.wait_for(submitted)["logs"]]
    output = httpx.get(submitted["response_url"]).raise_for_status().json()
    return output | submitted, lines, httpx.get(output["images"][0]["url"]).content


def expansion(lines: list[str]) -> str:
    [line] = [line for line in lines if line.startswith(EXPANDED)]
    return line.partition(" s: ")[2]


def cost(server: Server, request_id: str) -> float:
    found = httpx.get(f"{server.url}/v1/models/billing-events", params={"request_id": request_id}).raise_for_status()
    [event] = found.json()["billing_events"]
    return event["cost_total"]


@pytest.mark.case("C50", "C55")
def test_postcard_paints_a_fuller_prompt_that_the_log_shows_and_the_bill_counts(server: Server) -> None:
    output, lines, picture = painted(server)
    fuller = expansion(lines)
    assert len(fuller) > 2 * len(WISH["prompt"])
    streamed = [line.removeprefix("expanding: ") for line in lines if line.startswith("expanding: ")]
    assert " ".join(streamed) == fuller
    assert lines.index(f"expanding: {streamed[0]}") < next(i for i, line in enumerate(lines) if "step 1/1" in line)
    assert output["prompt"] == WISH["prompt"], "fal answers with the prompt that was given"
    assert output["timings"]["inference"] > output["timings"]["expansion"] > 0

    assert cost(server, output["request_id"]) == pytest.approx(PRICE + 0.0025)

    _, again, same = painted(server)
    assert (expansion(again), same) == (fuller, picture), "the same seed expands and paints the same"
    plain, unexpanded, of_fuller = painted(server, prompt=fuller, enable_prompt_expansion=False)
    assert of_fuller == picture
    assert not any(line.startswith(("expanding", "prompt")) for line in unexpanded)
    assert cost(server, plain["request_id"]) == pytest.approx(PRICE)


@pytest.mark.case("C55")
def test_a_prompt_whose_quoted_text_would_be_lost_is_painted_as_given_and_costs_no_more(server: Server) -> None:
    output, lines, _ = painted(server, prompt='a house with a sign "ZX 47 KV"')
    assert 'prompt expansion: the text "ZX 47 KV" was lost; the prompt is used as given' in lines
    assert cost(server, output["request_id"]) == pytest.approx(PRICE)


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without a model."""
    settings = {"TINTYPE_ENGINE": "tintype.testing.engine"}
    running = Server(tmp_path_factory.mktemp("home"), settings=settings).start()
    yield running
    assert running.stop() == 0


def test_the_engine_without_a_model_expands_as_well(flat: Server) -> None:
    output, lines, picture = painted(flat, prompt="a cat")
    assert expansion(lines) == "a cat, in one flat colour"
    assert painted(flat, prompt="a cat, in one flat colour", enable_prompt_expansion=False)[2] == picture
    assert output["prompt"] == "a cat"
    _, lines, _ = painted(flat, prompt="a cat as-it-is")
    assert "prompt expansion: it is to stay; the prompt is used as given" in lines


@pytest.mark.case("C31")
def test_a_cancel_while_the_prompt_is_written_stops_before_the_first_step(flat: Server) -> None:
    submitted = flat.submit(**WISH | {"prompt": "slow:0.5 cat"})
    deadline = time.monotonic() + 20
    while not (status := httpx.get(submitted["status_url"], params={"logs": 1}).json())["logs"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert status["status"] == "IN_PROGRESS"
    assert httpx.put(submitted["cancel_url"]).status_code == 202
    lines = [line["message"] for line in flat.wait_for(submitted)["logs"]]
    assert not any("step" in line and "/1" in line for line in lines)
    assert httpx.get(submitted["response_url"]).status_code == 499


def test_an_operators_rules_that_cannot_be_read_stop_the_start(tmp_path: Path) -> None:
    server = Server(tmp_path, settings={"TINTYPE_EXPANSION_PROMPT_FILE": str(tmp_path / "rules.txt")})
    with pytest.raises(AssertionError, match=r"expansion_prompt_file .*rules\.txt cannot be read"):
        server.start()
