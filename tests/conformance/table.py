"""docs/reference/compatibility.md, written from a test run.

Tests say what they prove with ``@pytest.mark.case("C14")``. ``pytest -m case --update-compatibility`` runs them all and
writes the page.
"""

from collections.abc import Generator, Iterable
from pathlib import Path

import pytest

from tests.conformance.cases import CASES, IN_PART, WITHOUT
from tests.conformance.clients import versions

MANY = 4
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "compatibility.md"
INTRODUCTION = """\
# Compatibility

What fal's clients do here, case by case, each proven by a test that runs the real client or, where a hand-written
request tells as much, that. This page is written from a test run:
`.venv/bin/python -m pytest -m case --update-compatibility`.

Clients that were run: {clients}.

Where fal's own documents disagree, [decision 0007](../decisions/0007-where-fals-documents-disagree.md) says what was
chosen. [Point your client here](../guides/point-your-client-here.md) tells how each client is led to Tintype, and
[decision 0011](../decisions/0011-the-clients-are-installed-by-make.md) how they get onto the machine that tests.

## What the clients lose on the way

These are properties of fal's clients, with fal's servers too.

* **`@fal-ai/server-proxy` for Express** drops the status of an answer: a refused input (422) or a failure (500, 504)
  arrives as 200 with `{{"detail": ...}}` as its data. A subscribe still ends; look for `detail`.
* **`@fal-ai/server-proxy` for Hono** passes on no `x-fal-*` header (priority, start timeout) and fails on a PUT
  without a body, so `queue.cancel` fails.
* **`@fal-ai/server-proxy`** allows neither `storage/upload/initiate-multipart` nor `tokens/` unless it is told to, so
  uploads over 90 MiB and realtime want `allowedUrlPatterns`.
* **`@fal-ai/client` in Node** ignores a string as `proxyUrl` without a word, and asks fal.run with your key. Write
  `proxyUrl: {{ url: ..., when: "always" }}`.
* **`@fal-ai/client`** takes the close of a realtime connection that it asked for itself for an error (status 1005).
* **fal-client's `stream`** looks at the type of an answer before its status: a refused input or a wrong key is an
  `SSEError` about `application/json`, not a `FalClientHTTPError`.
* **fal-client before 0.11** knows no `FAL_QUEUE_RUN_HOST`: it asks `queue.` before the run host.
* **fal-client for Python** asks `rest.fal.ai` for uploads and realtime tokens whatever is set: use
  `tintype env --proxy`, or point the names here.
"""


class Run:
    """Which tests were collected for each case, and how they ended."""

    def __init__(self) -> None:
        self.tests: dict[str, set[str]] = {name: set() for name in CASES}
        self.ended: dict[str, str] = {}
        """Test -> ``failed``, ``skipped`` or ``passed``; the worst of its parameters and phases."""

    def collected(self, item: pytest.Item) -> None:
        for mark in item.iter_markers("case"):
            for name in mark.args:
                assert name in CASES, f"{item.nodeid}: no case {name}"
                self.tests[name].add(short(item.nodeid))

    def reported(self, report: pytest.TestReport) -> None:
        order = ("passed", "skipped", "failed")
        before = self.ended.get(short(report.nodeid), "passed")
        self.ended[short(report.nodeid)] = max(before, report.outcome, key=order.index)


def short(nodeid: str) -> str:
    """``conformance/test_run.py::test_it``: without its parameters."""
    return nodeid.partition("[")[0].removeprefix("tests/")


def page(run: Run) -> str:
    """The whole page, as of that run."""
    lines = [INTRODUCTION.format(clients=versions())]
    topic = ""
    for name, case in CASES.items():
        if case.topic != topic:
            topic = case.topic
            lines += [
                f"\n## {topic}\n",
                "| case | what | judged by | result | proven by |",
                "| --- | --- | --- | --- | --- |",
            ]
        tests = sorted(run.tests[name])
        shown = "<br>".join(f"`{entry}`" for entry in entries(tests)) if tests else WITHOUT.get(name, "")
        what, end = case.what, result(run, tests)
        if name in IN_PART and end == "passed":
            what, end = f"{what}. **Yet:** {IN_PART[name]}", "in part"
        lines.append(f"| {name} | {what} | {case.judge} | {end} | {shown} |")
    return "\n".join(lines) + "\n"


def result(run: Run, tests: Iterable[str]) -> str:
    """One word for a row."""
    ends = {run.ended.get(test, "not run") for test in tests}
    for word in ("failed", "not run", "skipped", "passed"):
        if word in ends:
            return word
    return "not proven"


def entries(tests: Iterable[str]) -> list[str]:
    """What the page names: a file for its tests, if they are many."""
    by_file: dict[str, list[str]] = {}
    for test in sorted(tests):
        by_file.setdefault(test.partition("::")[0], []).append(test)
    return [entry for file, names in by_file.items() for entry in ([file] if len(names) > MANY else names)]


def rows(text: str) -> dict[str, list[str]]:
    """What a page names for each case."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split(" | ")]
        if line.startswith("| C"):
            found[cells[0].removeprefix("| ")] = [part for part in cells[-1].split("`")[1::2] if ".py" in part]
    return found


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-compatibility", action="store_true", help="write docs/reference/compatibility.md anew")


RUN = pytest.StashKey[Run]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    session.config.stash[RUN] = Run()
    for item in items:
        session.config.stash[RUN].collected(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.config.stash[RUN].reported(report)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("--update-compatibility"):
        PAGE.write_text(page(session.config.stash[RUN]))
