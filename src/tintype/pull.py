"""The real checkpoint, from the Hugging Face Hub to this machine: fetched, checked, halved.

Knows the hub, the manifest and what is already here; the transformer's fp32 files hold bf16 values and are rewritten
as such, one by one, so that the disk never holds more than one of them. A file that was published damaged is fetched
from where it is sound. Every step can be interrupted: the next pull goes on where this one stopped. ``tintype.json`` is
written when the model can paint; a folder without it is not a model yet. A pull of a complete model looks at every file
and fetches anew what is damaged; of a converted file it can tell only whether it is whole.
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

from tintype import durable
from tintype.errors import SetupError
from tintype.published import Z_IMAGE_TURBO, Sound, Source

CHUNK = 2**23
CONVERTED = "transformer/"
"""Where the files lie that hold bf16 values as fp32."""


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
        False if it was complete before, and every file right. One that was complete but for a damaged file is mended.

    Raises:
        SetupError: the hub cannot be reached, the disk is too small, or a file came damaged; says what to do.
    """
    about = folder / "tintype.json"
    work = _Pull(folder, source, endpoint, report)
    if about.is_file() and json.loads(about.read_text()).get("version") == source.revision:
        if work.finds_all_right():
            return work.mend()
    else:
        work.recall()
    work.run()
    values = {"name": source.name, "version": source.revision, "checksum": source.checksum()}
    durable.replace(about, json.dumps(values, indent=2) + "\n")  # its presence says that the model is complete
    (folder / "pull.json").unlink(missing_ok=True)
    work.mend()  # at last, for it can paint without
    return True


@dataclass(slots=True)
class _Pull:
    folder: Path
    source: Source
    endpoint: str | None
    report: Callable[[Progress], None]
    ready: set[str] = field(default_factory=set[str])
    """Files that were checked and, where need be, converted."""
    sound: set[str] = field(default_factory=set[str])
    """Files that were published damaged and are the sound ones here."""

    def finds_all_right(self) -> bool:
        """Look at every file of a complete model; those that are right are ready."""
        files = self.source.files()
        for index, (name, digest) in enumerate(files.items(), start=1):
            if self._is_right(name, digest, _Said(self.report, name, index, len(files))):
                self.ready.add(name)
        return len(self.ready) == len(files)

    def _is_right(self, name: str, digest: str, said: "_Said") -> bool:
        path, sound = self.folder / name, self._sound(name)
        if not path.is_file():
            return False
        if _is_converted(name):
            return _is_whole_bf16(path)
        if sound is not None and _digest(path, sound.sha256, said) == sound.sha256:
            self.sound.add(name)
            return True
        return _digest(path, digest, said) == digest

    def run(self) -> None:
        """Fetch what is not ready, and is not there already."""
        files = self.source.files()
        self.folder.mkdir(parents=True, exist_ok=True)
        for index, (name, digest) in enumerate(files.items(), start=1):
            path = self.folder / name
            if name in self.ready and path.is_file():
                continue
            said = _Said(self.report, name, index, len(files))
            sound = self._sound(name)
            is_right = path.is_file() and _digest(path, digest, said) == digest
            if sound is not None and not is_right:
                self._make_sound(sound, said)
            elif not is_right:
                path.unlink(missing_ok=True)
                self._download(self.source, name, path, said)
                self._check(path, digest, self.source, said)
            durable.keep(path)
            converted = self._convert(path, said) if _is_converted(name) else None
            self._remember(name)  # before the exchange: an fp32 file taken for converted still loads
            if converted is not None:
                converted.replace(path)
                durable.keep(path)

    def mend(self) -> bool:
        """Put sound files in the place of damaged ones; False if there are none."""
        self.ready = set(self.source.files()) - {sound.path for sound in self.source.sound}
        mended = False
        for index, sound in enumerate(self.source.sound, start=1):
            mended |= self._make_sound(sound, _Said(self.report, sound.path, index, len(self.source.sound)))
        return mended

    def _sound(self, name: str) -> Sound | None:
        return next((each for each in self.source.sound if each.path == name), None)

    def _make_sound(self, sound: Sound, said: "_Said") -> bool:
        """Exchange a file that is not the sound one; whoever has the old one open goes on reading it."""
        path = self.folder / sound.path
        if sound.path in self.sound or (path.is_file() and _digest(path, sound.sha256, said) == sound.sha256):
            return False
        fetched = path.with_name(f"{path.name}.sound")
        if not fetched.is_file():
            self._download(sound, sound.name, fetched, said)
        self._check(fetched, sound.sha256, sound, said)
        durable.keep(fetched)
        fetched.replace(path)
        return True

    def _check(self, path: Path, right: str, origin: Source | Sound, said: "_Said") -> None:
        if (found := _digest(path, right, said)) != right:
            path.unlink()
            raise SetupError(
                f"{said.name} came damaged from {origin.repository}: its {_kind(right)} is {found}, it should be "
                f"{right}. It was deleted; run 'tintype pull' again to fetch it anew."
            )

    def _download(self, origin: Source | Sound, name: str, path: Path, said: "_Said") -> None:
        partial = path.with_name(f"{path.name}.partial")
        path.parent.mkdir(parents=True, exist_ok=True)
        url = hf_hub_url(origin.repository, name, revision=origin.revision, endpoint=self.endpoint)
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
        durable.keep(converted)
        return converted

    def _check_space(self, needed: int) -> None:
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise SetupError(
                f"{self.folder} has {free / 1e9:.1f} GB free; the next file needs {needed / 1e9:.1f} GB. Make room, or "
                "choose another place with --home; then run 'tintype pull' again, it goes on where it stopped."
            )

    def _unreachable(self, url: str, error: Exception) -> str:
        names = [name for name in self.source.files() if name not in self.ready]
        missing = ", ".join(names)
        copies = [f"these files of {self.source.repository} at revision {self.source.revision} into {self.folder}"]
        copies += [
            f"{sound.name} of {sound.repository} at revision {sound.revision} to {self.folder / sound.path}"
            for sound in self.source.sound
            if sound.path not in self.ready
        ]
        is_model = (self.folder / "tintype.json").is_file()
        if is_model and all(self._sound(name) and (self.folder / name).is_file() for name in names):
            missing += "; it paints without, but cannot expand prompts"
        reason = next(iter(str(error).splitlines()), "no reason given")
        return (
            f"could not fetch {url} ({type(error).__name__}: {reason}). Missing of {self.source.name}: {missing}. "
            "Connect this machine to the network and run 'tintype pull' again, it goes on where it stopped; or copy "
            f"{', and '.join(copies)} and run it again."
        )

    def recall(self) -> None:
        """What an earlier pull that was interrupted has made ready."""
        state = self.folder / "pull.json"
        if state.is_file():
            values = json.loads(state.read_text())
            if values["revision"] == self.source.revision:
                self.ready = set(values["ready"])

    def _remember(self, name: str) -> None:
        self.ready.add(name)
        values = {"revision": self.source.revision, "ready": sorted(self.ready)}
        durable.replace(self.folder / "pull.json", json.dumps(values))


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


def _is_whole_bf16(path: Path) -> bool:
    """Whether a converted file is as long as its header says. Its content has no published digest."""
    from tintype.engine import weights

    try:
        return {dtype for dtype, _ in weights.header(path).values()} == {"BF16"}
    except weights.WeightsError:
        return False


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
