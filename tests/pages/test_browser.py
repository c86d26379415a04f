"""The pages in a real browser, on a real server with Postcard: each file of web/browser is run by Vitest."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.clients import FAKE
from tests.e2e.server import Server, clean_environment
from tests.pages import history
from tests.pages.chromium import chromium, may_be_installed
from tests.pages.npm import WEB, command, environment
from tintype.keys import Keys

SCREENSHOTS = Path(os.environ.get("SCREENSHOTS", WEB.parent / "out" / "pages"))
"""Pictures of every page; somebody looks at them."""
FILES = sorted((WEB / "browser").glob("*.test.ts"))

pytestmark = pytest.mark.skipif(chromium() is None and not may_be_installed(), reason="there is no Chromium")


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A server with a long past that wants a key and paints flat colours."""
    home = tmp_path_factory.mktemp("locked")
    key = Keys(home).create("operator", "ADMIN")
    history.write(home, key.partition(":")[0], 5000)
    running = Server(home, settings=FAKE).start()
    yield {"LOCKED_URL": running.url, "LOCKED_KEY": key}
    assert running.stop() == 0


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.partition(".")[0])
def test_in_a_browser(file: Path, server: Server, locked: dict[str, str]) -> None:
    browser = chromium()
    assert browser, "install it: python -m tests.pages.chromium"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    given = {
        "SERVER_URL": server.url,
        "SCREENSHOTS": str(SCREENSHOTS),
        "CHROMIUM": browser,
        "PYTHON_BIN": str(Path(sys.executable).parent),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment()['PATH']}",
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        command("run", "browser", "--", file.name),
        cwd=WEB,
        env=clean_environment() | given | locked,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    print(done.stdout)  # with what was measured
    assert done.returncode == 0, done.stdout + done.stderr
