"""The schemas against the page that users read, word for word (tests/api/page.md is that page)."""

import re
from pathlib import Path
from typing import Any

import pytest

from tintype.api.schemas import EXAMPLE_PROMPT, ZImageTurboInput, ZImageTurboOutput, read_input
from tintype.core import Params

PAGE = (Path(__file__).parent / "page.md").read_text()


def fields(section: str) -> dict[str, tuple[str, str]]:
    """Of one schema of the page: name -> what stands in brackets, and what stands below."""
    text = (
        PAGE.partition(f"### {section}\n")[2].partition("**Required Parameters Example**")[0].partition("**Example")[0]
    )
    found = re.findall(r"- \*\*`(\w+)`\*\* \((.*?)\):?\n((?:  .*\n)*)", text)
    return {name: (kind, re.sub("^  ", "", body, flags=re.MULTILINE)) for name, kind, body in found}


INPUT = ZImageTurboInput.model_json_schema()["properties"]
OUTPUT = ZImageTurboOutput.model_json_schema()["properties"]


def test_the_same_fields_in_the_same_order() -> None:
    assert list(fields("Input Schema")) == list(INPUT)
    assert list(fields("Output Schema")) == list(OUTPUT)
    assert len(INPUT) == 10


@pytest.mark.parametrize("name", INPUT)
def test_an_input_field_is_the_pages(name: str) -> None:
    kind, body = fields("Input Schema")[name]
    ours: dict[str, Any] = INPUT[name]
    description = re.split(r"^- ", body, maxsplit=1, flags=re.MULTILINE)[0].strip()
    assert ours["description"] == description
    assert ("_required_" in kind) == ZImageTurboInput.model_fields[name].is_required()
    if default := re.search(r"- Default: `(.*)`", body):
        assert default[1].strip('"') == re.sub("^[TF]", lambda first: first[0].lower(), str(ours["default"]))
    if limits := re.search(r"- Range: `(\d+)` to `(\d+)`", body):
        assert [ours["minimum"], ours["maximum"]] == [int(limit) for limit in limits.groups()]
    if options := re.search(r"- Options: (.*)", body):
        assert ours["enum"] == re.findall(r'"(\w+)"', options[1])
    if examples := re.search(r'- Examples: "(.*)"', body):
        assert ours["examples"] == [examples[1]]


@pytest.mark.parametrize("name", [name for name in OUTPUT if name != "timings"])
def test_an_output_field_is_the_pages(name: str) -> None:
    _, body = fields("Output Schema")[name]
    assert OUTPUT[name]["description"] == re.split(r"^- ", body, maxsplit=1, flags=re.MULTILINE)[0].strip()


def test_the_defaults_are_the_pages() -> None:
    assert read_input({"prompt": EXAMPLE_PROMPT, "seed": 1}, 2**22) == Params(
        prompt=EXAMPLE_PROMPT,
        width=1024,
        height=768,
        steps=8,
        seed=1,
        images=1,
        format="png",
        inline=False,
        acceleration="none",
        check_safety=True,
        expand_prompt=False,
    )
