"""Where Chromium is; ``python -m tests.pages.chromium`` installs Debian's, where that can be done."""

import os
import shutil
import subprocess
import sys


def chromium() -> str | None:
    """Its path; None: there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def may_be_installed() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


if __name__ == "__main__":
    if chromium() is None and may_be_installed():
        for step in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", "--quiet=2", *step], check=True, stdout=sys.stderr)
