"""A folder in the layout of diffusers' ``ZImagePipeline``: configurations at once, networks when asked for.

Knows where things lie and what identifies them; :mod:`~tintype.engine.weights` reads the tensors. Downloads
nothing.

Beside the layout's own files a checkpoint may carry ``tintype.json``::

    {"name": "z-image-turbo", "version": "...", "checksum": "<hex>", "sizes": [[1024, 1024], ...],
     "preview": {"factors": [[...], ...], "bias": [...]}, "expansion": {"system": "...", "temperature": 0.7, ...},
     "fp32_in_decoder": ["up_blocks.0.resnets.1", ...]}

with every field optional.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

import torch

from tintype.engine import weights
from tintype.engine.expansion import Expansion
from tintype.engine.preview import PreviewMap, known_map
from tintype.engine.weights import Left, M, Progress, WeightsError
from tintype.errors import SetupError
from tintype.model.autoencoder import Autoencoder
from tintype.model.config import AutoencoderConfig, TextEncoderConfig, TransformerConfig
from tintype.model.text_encoder import Qwen3, TextEncoder
from tintype.model.tokenizer import Tokenizer
from tintype.model.transformer import Transformer

NETWORKS = ("text_encoder", "transformer", "vae")
SMALL_FILES = (
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "tokenizer/tokenizer.json",
    "transformer/config.json",
    "vae/config.json",
)
HASHED_WHOLE = 256 * 2**20
"""Weights of fewer bytes than this in all are hashed in full; of larger ones only the headers."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a model folder says about itself. :meth:`open` makes one."""

    folder: Path
    name: str
    """From ``tintype.json``, else the folder's name."""
    version: str
    """From ``tintype.json``, else the checksum."""
    checksum: str
    """16 hex digits; see :func:`fingerprint`."""
    sizes: tuple[tuple[int, int], ...] | None
    """The (width, height) it was made for, in pixels; None: any that the transformer takes."""
    shift: float
    """How far noise levels are moved towards 1 (:func:`tintype.model.flow.shift_sigmas`)."""
    transformer_config: TransformerConfig
    text_encoder_config: TextEncoderConfig
    autoencoder_config: AutoencoderConfig
    preview: PreviewMap | None
    """From ``tintype.json``, else the published one for these latents; None: no previews."""
    expansion: Expansion
    """From ``tintype.json``, else for a Qwen3 as it was published."""
    fp32_in_decoder: tuple[str, ...]
    """Resnets of the decoder's blocks that are in fp32, whatever the rest is in."""

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read the small files of ``folder`` and look that the large ones are there.

        Raises:
            SetupError: a file is missing, unreadable or asks for something not implemented; says which, and
                what to do.
        """
        for name in SMALL_FILES:
            if not (folder / name).is_file():
                raise SetupError(
                    f"{folder / name}: not found. A model folder has diffusers' ZImagePipeline layout; "
                    "fetch one with 'tintype pull', or correct the path."
                )
        try:
            for part in NETWORKS:
                weights.files(folder / part)
            about = _about(folder / "tintype.json")
            checksum = about.get("checksum") or fingerprint(folder)
            autoencoder_config = AutoencoderConfig.from_json(folder / "vae" / "config.json")
            checkpoint = cls(
                folder=folder,
                name=about.get("name") or folder.resolve().name,
                version=about.get("version") or checksum,
                checksum=checksum,
                sizes=_sizes(folder / "tintype.json", about.get("sizes")),
                shift=_shift(folder / "scheduler" / "scheduler_config.json"),
                transformer_config=TransformerConfig.from_json(folder / "transformer" / "config.json"),
                text_encoder_config=TextEncoderConfig.from_json(folder / "text_encoder" / "config.json"),
                autoencoder_config=autoencoder_config,
                preview=_preview(folder / "tintype.json", about.get("preview"), autoencoder_config),
                expansion=_expansion(folder / "tintype.json", about.get("expansion")),
                fp32_in_decoder=_fp32_in_decoder(
                    folder / "tintype.json", about.get("fp32_in_decoder", []), autoencoder_config
                ),
            )
        except ValueError as error:  # UnsupportedConfig and WeightsError say it all
            raise SetupError(str(error)) from error
        checkpoint._check_widths()
        return checkpoint

    def transformer(
        self, dtype: torch.dtype, device: torch.device | str, progress: Progress | None = None, left: Left | None = None
    ) -> Transformer:
        """Load the denoiser, but for the parameters that ``left`` names; raises :class:`SetupError`."""
        return self._load(lambda: Transformer(self.transformer_config), "transformer", dtype, device, progress, left)

    def text_encoder(
        self, dtype: torch.dtype, device: torch.device | str, progress: Progress | None = None, left: Left | None = None
    ) -> TextEncoder:
        """Load the language model, but for the parameters that ``left`` names as they are in the files.

        Also as ``save_pretrained`` of diffusers writes it. Raises :class:`SetupError`.
        """
        config = self.text_encoder_config
        if not self._is_bare_text_encoder():
            return self._load(lambda: TextEncoder(config), "text_encoder", dtype, device, progress, left)
        with torch.device("meta"):
            encoder = TextEncoder(config)
        encoder.model = self._load(lambda: Qwen3(config), "text_encoder", dtype, device, progress, left)
        return encoder.eval()

    def autoencoder(
        self, dtype: torch.dtype, device: torch.device | str, progress: Progress | None = None
    ) -> Autoencoder:
        """Load the map between latents and pixels; raises :class:`SetupError`."""
        network = self._load(lambda: Autoencoder(self.autoencoder_config), "vae", dtype, device, progress)
        for name in self.fp32_in_decoder:
            network.decoder.get_submodule(name).float()
        return network

    def tokenizer(self) -> Tokenizer:
        """Load the vocabulary."""
        return Tokenizer(self.folder / "tokenizer")

    def _is_bare_text_encoder(self) -> bool:
        """Whether the tensors are named without the ``model.`` that the published checkpoint has in front."""
        try:
            return any(
                "embed_tokens.weight" in weights.header(file) for file in weights.files(self.folder / "text_encoder")
            )
        except WeightsError as error:
            raise SetupError(str(error)) from error

    def _load(
        self,
        build: Callable[[], M],
        part: str,
        dtype: torch.dtype,
        device: torch.device | str,
        progress: Progress | None,
        left: Left | None = None,
    ) -> M:
        try:
            return weights.load(build, self.folder / part, dtype, device, progress, left)
        except WeightsError as error:
            raise SetupError(str(error)) from error

    def _check_widths(self) -> None:
        """Networks of different models would each load and fail only at the first picture."""
        transformer, text, pictures = (
            self.transformer_config,
            self.text_encoder_config,
            self.autoencoder_config,
        )
        if transformer.cap_feat_dim != text.hidden_size:
            raise SetupError(
                f"{self.folder}: the transformer takes captions of width {transformer.cap_feat_dim}, the "
                f"text encoder gives {text.hidden_size}. These networks are not of one model."
            )
        if transformer.in_channels != pictures.latent_channels:
            raise SetupError(
                f"{self.folder}: the transformer takes {transformer.in_channels} latent channels, the vae "
                f"has {pictures.latent_channels}. These networks are not of one model."
            )


def fingerprint(folder: Path) -> str:
    """16 hex digits that identify the model in ``folder``; raises :class:`WeightsError`.

    sha256 over the small files' contents and each weight file's name, size and safetensors header. Weights
    smaller than :data:`HASHED_WHOLE` in all are hashed in full. For larger ones this identifies the
    architecture and the layout, not every weight: two fine-tunes of one model share it unless their
    ``tintype.json`` tells them apart.
    """
    digest = hashlib.sha256()
    for name in SMALL_FILES:
        content = (folder / name).read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    shards = [(part, file) for part in NETWORKS for file in weights.files(folder / part)]
    whole = sum(file.stat().st_size for _, file in shards) < HASHED_WHOLE
    for part, file in shards:
        digest.update(f"{part}/{file.name}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            if whole:
                digest.update(stream.read())
            else:
                length = int.from_bytes(stream.read(8), "little")
                digest.update(stream.read(min(length, 2**27)))  # the format's own limit is 100 MB
    return digest.hexdigest()[:16]


def _about(file: Path) -> dict[str, Any]:
    return _json(file) if file.is_file() else {}


def _json(file: Path) -> dict[str, Any]:
    try:
        return json.loads(file.read_text())
    except ValueError as error:
        raise ValueError(f"{file}: not valid JSON ({error})") from error


def _sizes(file: Path, values: list[list[int]] | None) -> tuple[tuple[int, int], ...] | None:
    if values is None:
        return None
    try:
        return tuple((int(width), int(height)) for width, height in values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{file}: sizes must be a list of [width, height] in pixels, not {values!r}") from error


def _preview(file: Path, values: dict[str, Any] | None, config: AutoencoderConfig) -> PreviewMap | None:
    if values is None:
        return known_map(config)
    try:
        return PreviewMap.from_json(values, config.latent_channels)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


def _expansion(file: Path, values: dict[str, Any] | None) -> Expansion:
    try:
        return Expansion.from_json(values)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


def _fp32_in_decoder(file: Path, names: Any, config: AutoencoderConfig) -> tuple[str, ...]:
    blocks, resnets = len(config.block_out_channels), config.layers_per_block + 1
    known = [f"up_blocks.{block}.resnets.{resnet}" for block in range(blocks) for resnet in range(resnets)]
    if not isinstance(names, list) or any(name not in known for name in cast("list[object]", names)):
        raise ValueError(f"{file}: fp32_in_decoder must be a list of names from {known[0]} to {known[-1]}, not {names}")
    return tuple(cast("list[str]", names))


def _shift(file: Path) -> float:
    values = _json(file)
    if values.get("use_dynamic_shifting"):
        raise ValueError(f"{file}: use_dynamic_shifting is true; only a fixed shift is implemented")
    if "shift" not in values:
        raise ValueError(f"{file}: missing shift")
    return float(values["shift"])
