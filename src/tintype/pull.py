"""The real checkpoint, from the Hugging Face Hub to this machine: fetched, checked, halved.

Knows the hub, the manifest and what is already here; the transformer's fp32 files hold bf16 values and are rewritten
as such, one by one, so that the disk never holds more than one of them. Every step can be interrupted: the next pull
goes on where this one stopped. ``tintype.json`` is written last; a folder without it is not a model yet.
"""

# The hub's client is typed in part only.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from huggingface_hub import get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import HTTPError  # pyright: ignore[reportPrivateImportUsage]  # httpx's or httpx2's
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers
from tqdm import tqdm

from tintype.errors import SetupError

CHUNK = 2**23
CONVERTED = "transformer/"
"""Where the files lie that hold bf16 values as fp32."""


@dataclass(frozen=True, slots=True)
class Source:
    """One published checkpoint, pinned."""

    name: str
    repository: str
    revision: str
    manifest: Path
    """``<digest>  <path>`` for every file that is fetched, as ``md5sum`` or ``sha256sum`` writes it."""

    def files(self) -> dict[str, str]:
        """Path -> digest of every file; md5 or sha256, told by its length."""
        lines = self.manifest.read_text().splitlines()
        pairs = (line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#"))
        return {path: digest for digest, path in pairs}

    def checksum(self) -> str:
        """16 hex digits that identify the content of every file."""
        lines = [f"{digest}  {path}\n" for path, digest in sorted(self.files().items())]
        return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


Z_IMAGE_TURBO = Source(
    name="z-image-turbo",
    repository="Tongyi-MAI/Z-Image-Turbo",
    revision="f332072aa78be7aecdf3ee76d5c247082da564a6",
    manifest=Path(__file__).parent / "assets" / "z-image-turbo.md5",
)
SAFETY_CHECKER = Source(
    name="nsfw_image_detection",
    repository="Falconsai/nsfw_image_detection",
    revision="96cb0d0342c7afb80cab76ecc58b265fa44da256",
    manifest=Path(__file__).parent / "assets" / "nsfw-image-detection.sha256",
)
SAFETY_FOLDER = "safety_checker"
"""Where in a model's folder it belongs."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one file is, in bytes."""

    phase: Literal["downloading", "checking", "converting"]
    file: str
    index: int
    """1 for the first of ``count`` files."""
    count: int
    done: int
    total: int


def pull(
    folder: Path,
    source: Source = Z_IMAGE_TURBO,
    endpoint: str | None = None,
    report: Callable[[Progress], None] = lambda _: None,
) -> bool:
    """Bring the checkpoint of ``source`` into ``folder``.

    Args:
        folder: made if need be; files that are there already and right, from an earlier pull or copied by hand, stay.
        source: what to fetch.
        endpoint: of the hub; default: ``HF_ENDPOINT``, else the public one.
        report: told about every few megabytes.

    Returns:
        False if it was complete before.

    Raises:
        SetupError: the hub cannot be reached, the disk is too small, or a file came damaged; says what to do.
    """
    about = folder / "tintype.json"
    if about.is_file() and json.loads(about.read_text()).get("version") == source.revision:
        return False
    _Pull(folder, source, endpoint, report).run()
    values = {"name": source.name, "version": source.revision, "checksum": source.checksum()}
    beside = about.with_suffix(".json.new")
    beside.write_text(json.dumps(values, indent=2) + "\n")
    beside.replace(about)  # whole or not at all: its presence says that the model is complete
    (folder / "pull.json").unlink(missing_ok=True)
    return True


@dataclass(slots=True)
class _Pull:
    folder: Path
    source: Source
    endpoint: str | None
    report: Callable[[Progress], None]
    ready: set[str] = field(default_factory=set[str])
    """Files that were checked and, where need be, converted."""

    def run(self) -> None:
        files = self.source.files()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._recall()
        for index, (name, digest) in enumerate(files.items(), start=1):
            path = self.folder / name
            if name in self.ready and path.is_file():
                continue
            said = _Said(self.report, name, index, len(files))
            if path.is_file() and _digest(path, digest, said) != digest:
                path.unlink()
            if not path.is_file():
                self._download(name, path, said)
                if (found := _digest(path, digest, said)) != digest:
                    path.unlink()
                    raise SetupError(
                        f"{name} came damaged from {self.source.repository}: its {_kind(digest)} is {found}, the "
                        f"manifest says {digest}. It was deleted; run 'tintype pull' again to fetch it anew."
                    )
            converted = self._convert(path, said) if _is_converted(name) else None
            self._remember(name)  # before the exchange: an fp32 file taken for converted still loads
            if converted is not None:
                converted.replace(path)

    def _download(self, name: str, path: Path, said: "_Said") -> None:
        partial = path.with_name(f"{path.name}.partial")
        path.parent.mkdir(parents=True, exist_ok=True)
        url = hf_hub_url(self.source.repository, name, revision=self.source.revision, endpoint=self.endpoint)
        try:
            size = get_hf_file_metadata(url, endpoint=self.endpoint).size
            with partial.open("ab") as stream:
                if size is not None and stream.tell() > size:
                    stream.truncate(0)
                self._check_space((size or 0) - stream.tell())
                bar = _bar(said, stream, size or 0)
                headers = build_hf_headers()
                http_get(url, stream, resume_size=stream.tell(), headers=headers, expected_size=size, tqdm_class=bar)
        except (HTTPError, OSError) as error:
            raise SetupError(self._unreachable(url, error)) from error
        partial.rename(path)

    def _convert(self, path: Path, said: "_Said") -> Path:
        from tintype.engine import weights

        converted = path.with_name(f"{path.name}.converted")
        self._check_space(path.stat().st_size // 2)
        weights.rewrite_bf16(path, converted, said.during("converting"))
        return converted

    def _check_space(self, needed: int) -> None:
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise SetupError(
                f"{self.folder} has {free / 1e9:.1f} GB free; the next file needs {needed / 1e9:.1f} GB. Make room, or "
                "choose another place with --home; then run 'tintype pull' again, it goes on where it stopped."
            )

    def _unreachable(self, url: str, error: Exception) -> str:
        missing = ", ".join(name for name in self.source.files() if name not in self.ready)
        reason = next(iter(str(error).splitlines()), "no reason given")
        return (
            f"could not fetch {url} ({type(error).__name__}: {reason}). Missing of {self.source.name}: {missing}. "
            "Connect this machine to the network and run 'tintype pull' again, it goes on where it stopped; or copy "
            f"these files of {self.source.repository} at revision {self.source.revision} into {self.folder} and run it "
            "again."
        )

    def _recall(self) -> None:
        state = self.folder / "pull.json"
        if state.is_file():
            values = json.loads(state.read_text())
            if values["revision"] == self.source.revision:
                self.ready = set(values["ready"])

    def _remember(self, name: str) -> None:
        self.ready.add(name)
        values = {"revision": self.source.revision, "ready": sorted(self.ready)}
        new = self.folder / "pull.json.new"
        new.write_text(json.dumps(values))
        new.replace(self.folder / "pull.json")


@dataclass(frozen=True, slots=True)
class _Said:
    """What is said about one file."""

    report: Callable[[Progress], None]
    name: str
    index: int
    count: int

    def during(self, phase: Literal["downloading", "checking", "converting"]) -> Callable[[int, int], None]:
        return lambda done, total: self.report(Progress(phase, self.name, self.index, self.count, done, total))


def _is_converted(name: str) -> bool:
    return name.startswith(CONVERTED) and name.endswith(".safetensors")


def _kind(digest: str) -> str:
    return "md5" if len(digest) == 32 else "sha256"


def _digest(path: Path, like: str, said: _Said) -> str:
    """What is in ``path``, digested as ``like`` was."""
    digest, done, total = hashlib.new(_kind(like), usedforsecurity=False), 0, path.stat().st_size
    say = said.during("checking")
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            say(done, total)
    return digest.hexdigest()


def _bar(said: _Said, stream: BinaryIO, total: int) -> type[Any]:
    """The only way in for a listener that the hub's client has: a progress bar, here one that is never drawn."""
    say, resumed_at = said.during("downloading"), stream.tell()

    class Bar(tqdm):  # pyright: ignore[reportMissingTypeArgument]
        def __init__(self, *args: Any, **options: Any) -> None:
            options.pop("name", None)
            super().__init__(*args, **options | {"disable": True})
            self.seen = resumed_at

        def update(self, n: float | None = 1) -> bool | None:
            self.seen += int(n or 0)
            say(self.seen, total)
            return None

    return Bar
