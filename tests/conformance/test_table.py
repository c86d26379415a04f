"""The committed page is that of a run of these tests."""

import pytest

from tests.conformance.cases import CASES, IN_PART, WITHOUT
from tests.conformance.table import PAGE, RUN, entries, rows

ANEW = "write it anew: .venv/bin/python -m pytest -m case --update-compatibility"


def test_every_case_has_a_row_with_tests_that_passed_or_a_reason() -> None:
    text = PAGE.read_text()
    assert list(rows(text)) == [f"C{n}" for n in range(1, 74)] == list(CASES)
    for line in text.splitlines():
        if line.startswith("| C"):
            name = line.split()[1]
            said = WITHOUT.get(name) or IN_PART.get(name)
            assert said in line if said else "| passed |" in line, f"{line}; {ANEW}"


def test_the_page_names_the_tests_that_are_marked(request: pytest.FixtureRequest) -> None:
    """In a run of everything, exactly those; in a smaller one, at least those."""
    named = rows(PAGE.read_text())
    marked = request.config.stash[RUN].tests
    for case, tests in marked.items():
        assert all(test in named[case] or test.partition("::")[0] in named[case] for test in tests), ANEW
    whole = request.config.args == request.config.getini("testpaths") and not request.config.option.keyword
    if whole and not request.config.option.markexpr:
        assert {case: entries(tests) for case, tests in marked.items()} == named, ANEW
