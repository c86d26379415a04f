"""What can be pulled: which files of which repositories, pinned."""

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sound:
    """A file that the checkpoint has damaged and another repository has sound.

    The damaged one is good enough to paint with, so a folder that has it is a model already.
    """

    path: str
    """In the checkpoint."""
    repository: str
    revision: str
    name: str
    """In that repository."""
    sha256: str


@dataclass(frozen=True, slots=True)
class Source:
    """One published checkpoint, pinned."""

    name: str
    repository: str
    revision: str
    manifest: Path
    """``<md5>  <path>`` for every file that is fetched, as ``md5sum`` writes it."""
    sound: tuple[Sound, ...] = ()
    """What is fetched from elsewhere instead."""

    def files(self) -> dict[str, str]:
        """Path -> md5 of every file."""
        lines = self.manifest.read_text().splitlines()
        pairs = (line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#"))
        return {path: md5 for md5, path in pairs}

    def checksum(self) -> str:
        """16 hex digits that identify the content of every file as it was published: what pictures depend on."""
        lines = [f"{md5}  {path}\n" for path, md5 in sorted(self.files().items())]
        return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


Z_IMAGE_TURBO = Source(
    name="z-image-turbo",
    repository="Tongyi-MAI/Z-Image-Turbo",
    revision="f332072aa78be7aecdf3ee76d5c247082da564a6",
    manifest=Path(__file__).parent / "assets" / "z-image-turbo.md5",
    sound=(
        Sound(
            path="text_encoder/model-00003-of-00003.safetensors",
            repository="Qwen/Qwen3-4B",
            revision="1cfa9a7208912126459214e8b04321603b3df60c",
            name="model-00003-of-00003.safetensors",
            sha256="e4bf436957184f4eeb86a80e9db394503f1f56446b2e6b7edeac5b81470f4ca1",
        ),
    ),
)
