"""Every dimension of the networks, read from a checkpoint's own JSON files.

A configuration that asks for something this code does not implement is refused by name: a silently ignored field
would give plausible but wrong pictures.
"""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self


class UnsupportedConfig(ValueError):
    """A checkpoint's configuration asks for something these networks do not do."""


def _read(path: Path, required: dict[str, Any]) -> dict[str, Any]:
    """Parse ``path`` and check that each field in ``required`` is absent or has the one value we implement."""
    try:
        values: dict[str, Any] = json.loads(path.read_text())
    except ValueError as error:
        raise UnsupportedConfig(f"{path}: not valid JSON ({error})") from error
    for name, only in required.items():
        if values.get(name, only) != only:
            raise UnsupportedConfig(f"{path}: {name} is {values[name]!r}; only {only!r} is implemented")
    return values


class _FromJson:
    """Builds a frozen dataclass from the fields of a JSON file that carry its names."""

    @classmethod
    def _from(cls, path: Path, values: dict[str, Any]) -> Self:
        names = [field.name for field in fields(cls)]  # pyright: ignore[reportArgumentType]
        missing = [name for name in names if name not in values]
        if missing:
            raise UnsupportedConfig(f"{path}: missing {', '.join(missing)}")
        return cls(**{name: _frozen(values[name]) for name in names})


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


@dataclass(frozen=True, slots=True)
class TransformerConfig(_FromJson):
    """Dimensions of the S3-DiT; field names are those of ``transformer/config.json``."""

    all_patch_size: tuple[int, ...]
    all_f_patch_size: tuple[int, ...]
    in_channels: int
    dim: int
    n_layers: int
    n_refiner_layers: int
    n_heads: int
    norm_eps: float
    cap_feat_dim: int
    rope_theta: float
    t_scale: float
    axes_dims: tuple[int, ...]
    axes_lens: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.all_patch_size) != 1 or self.all_f_patch_size != (1,):
            raise UnsupportedConfig(
                f"patch sizes {self.all_patch_size} x {self.all_f_patch_size}: only one patch of one frame is done"
            )
        if sum(self.axes_dims) != self.head_dim:
            raise UnsupportedConfig(f"axes_dims {self.axes_dims} must add up to dim / n_heads = {self.head_dim}")

    @property
    def head_dim(self) -> int:
        """Channels of one attention head."""
        return self.dim // self.n_heads

    @property
    def patch(self) -> int:
        """Side of the square of latent pixels that becomes one token."""
        return self.all_patch_size[0]

    @property
    def modulation_dim(self) -> int:
        """Width of the timestep embedding that drives adaLN."""
        return min(self.dim, 256)

    @classmethod
    def from_json(cls, path: Path) -> Self:
        """Read ``transformer/config.json``; raises :class:`UnsupportedConfig`."""
        values = _read(path, {"qk_norm": True, "siglip_feat_dim": None})
        if values.get("n_kv_heads", values["n_heads"]) != values["n_heads"]:
            raise UnsupportedConfig(
                f"{path}: n_kv_heads {values['n_kv_heads']} differs from n_heads {values['n_heads']}"
            )
        return cls._from(path, values)


@dataclass(frozen=True, slots=True)
class TextEncoderConfig(_FromJson):
    """Dimensions of the Qwen3 language model; field names are those of ``text_encoder/config.json``."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    rms_norm_eps: float
    rope_theta: float

    @classmethod
    def from_json(cls, path: Path) -> Self:
        """Read ``text_encoder/config.json`` as transformers 4 or 5 writes it; raises :class:`UnsupportedConfig`."""
        values = _read(
            path,
            {
                "model_type": "qwen3",
                "hidden_act": "silu",
                "attention_bias": False,
                "tie_word_embeddings": True,
                "use_sliding_window": False,
                "rope_scaling": None,
            },
        )
        rope: dict[str, Any] = values.get("rope_parameters") or {}
        if rope.get("rope_type", "default") != "default":
            raise UnsupportedConfig(f"{path}: rope_type is {rope['rope_type']!r}; only 'default' is implemented")
        return cls._from(path, rope | values)


@dataclass(frozen=True, slots=True)
class AutoencoderConfig(_FromJson):
    """Dimensions of the AutoencoderKL; field names are those of ``vae/config.json``."""

    in_channels: int
    out_channels: int
    latent_channels: int
    block_out_channels: tuple[int, ...]
    layers_per_block: int
    norm_num_groups: int
    scaling_factor: float
    shift_factor: float
    mid_block_add_attention: bool

    @property
    def downsampling(self) -> int:
        """Pixels per latent pixel along each side."""
        return 2 ** (len(self.block_out_channels) - 1)

    @classmethod
    def from_json(cls, path: Path) -> Self:
        """Read ``vae/config.json``; raises :class:`UnsupportedConfig`."""
        values = _read(
            path,
            {
                "act_fn": "silu",
                "use_quant_conv": False,
                "use_post_quant_conv": False,
                "latents_mean": None,
                "latents_std": None,
            },
        )
        return cls._from(path, values)


@dataclass(frozen=True, slots=True)
class ImageClassifierConfig(_FromJson):
    """Dimensions of the vision transformer; field names are those of ``safety_checker/config.json``."""

    image_size: int
    patch_size: int
    num_channels: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    layer_norm_eps: float
    qkv_bias: bool
    labels: tuple[str, ...]
    """What each output stands for; ``id2label`` in order."""

    @property
    def patches(self) -> int:
        """Squares that a picture is cut into."""
        return (self.image_size // self.patch_size) ** 2

    @classmethod
    def from_json(cls, path: Path) -> Self:
        """Read ``config.json`` of a ``ViTForImageClassification``; raises :class:`UnsupportedConfig`."""
        values = _read(path, {"model_type": "vit", "hidden_act": "gelu"})
        names: dict[str, str] = values.get("id2label", {})
        if sorted(names, key=int) != [str(index) for index in range(len(names))]:
            raise UnsupportedConfig(f"{path}: id2label has the keys {list(names)}, expected 0, 1, ...")
        return cls._from(path, values | {"labels": [names[str(index)] for index in range(len(names))]})
