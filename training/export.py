"""From training states to a checkpoint folder in the layout of Z-Image Turbo, its weights rounded to bf16.

The configuration files hold what diffusers and transformers themselves write for these classes.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

import checker
import decoder
import diffusion
import encoder
import language
import preview
from canvas import CELL
from latents import FILE, SHAPES, LinearLatents
from tintype.model.autoencoder import Autoencoder

VERSION = "0.12"
DIFFUSERS = "0.42.1"
TRANSFORMERS = "5.23.0"


def write(path: Path, values: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")


def write_about(path: Path, values: dict) -> None:
    """`tintype.json`: in the given order, a list of numbers on one line."""
    text = json.dumps(values, indent=2)
    path.write_text(re.sub(r"\[[^][]*\]", lambda found: json.dumps(json.loads(found[0])), text) + "\n")


def save_weights(weights: dict[str, Tensor], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rounded = {name: weight.to(torch.bfloat16).contiguous() for name, weight in weights.items()}
    save_file(rounded, path, metadata={"format": "pt"})
    path.chmod(0o644)


def transformer_config() -> dict:
    config = asdict(diffusion.CONFIG)
    extra = {"n_kv_heads": config["n_heads"], "qk_norm": True, "siglip_feat_dim": None}
    return {"_class_name": "ZImageTransformer2DModel", "_diffusers_version": DIFFUSERS, **config, **extra}


def text_encoder_config() -> dict:
    config = asdict(language.CONFIG)
    theta = config.pop("rope_theta")
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": None,
        "dtype": "bfloat16",
        "eos_token_id": 2,
        "hidden_act": "silu",
        "initializer_range": 0.02,
        "layer_types": ["full_attention"] * config["num_hidden_layers"],
        "max_position_embeddings": 2048,
        "max_window_layers": config["num_hidden_layers"],
        "model_type": "qwen3",
        "pad_token_id": 0,
        "rope_parameters": {"rope_theta": theta, "rope_type": "default"},
        "sliding_window": None,
        "tie_word_embeddings": True,
        "transformers_version": TRANSFORMERS,
        "use_cache": True,
        "use_sliding_window": False,
        **config,
    }


def vae_config() -> dict:
    levels = len(decoder.CONFIG.block_out_channels)
    return {
        "_class_name": "AutoencoderKL",
        "_diffusers_version": DIFFUSERS,
        "act_fn": "silu",
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "force_upcast": True,
        "latents_mean": None,
        "latents_std": None,
        "sample_size": 1024,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
        "use_post_quant_conv": False,
        "use_quant_conv": False,
        **asdict(decoder.CONFIG),
    }


def checker_config() -> dict:
    config = asdict(checker.CONFIG)
    labels = config.pop("labels")
    return {
        "architectures": ["ViTForImageClassification"],
        "attention_probs_dropout_prob": 0.0,
        "dtype": "bfloat16",
        "encoder_stride": config["patch_size"],
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.0,
        "id2label": {str(index): label for index, label in enumerate(labels)},
        "initializer_range": 0.02,
        "label2id": {label: index for index, label in enumerate(labels)},
        "model_type": "vit",
        "pooler_act": "tanh",
        "pooler_output_size": config["hidden_size"],
        "transformers_version": TRANSFORMERS,
        **config,
    }


MODEL_INDEX = {
    "_class_name": "ZImagePipeline",
    "_diffusers_version": DIFFUSERS,
    "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
    "text_encoder": ["transformers", "Qwen3Model"],
    "tokenizer": ["transformers", "Qwen2Tokenizer"],
    "transformer": ["diffusers", "ZImageTransformer2DModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
# The text encoder was trained without rules and without thoughts; the longest description has some 40 tokens.
EXPANSION = {
    "system": None,
    "empty_thought": False,
    "temperature": 0.7,
    "top_k": 20,
    "top_p": 0.9,
    "max_new_tokens": 96,
}
SCHEDULER = {
    "_class_name": "FlowMatchEulerDiscreteScheduler",
    "_diffusers_version": DIFFUSERS,
    "num_train_timesteps": 1000,
    "shift": diffusion.SHIFT,
    "use_dynamic_shifting": False,
}


def averaged(folder: Path, name: str) -> tuple[dict[str, Tensor], dict[str, float]]:
    """A stage's averaged weights and how long it was trained; nothing at all if it has not been saved yet."""
    path = folder / f"{name}.pt"
    if not path.exists():
        return {}, {"steps": 0, "samples": 0, "seconds": 0}
    state = torch.load(path, map_location="cpu")
    return state["average"], {
        "steps": state["step"], "samples": state["samples"], "seconds": round(state["seconds"])
    }  # fmt: skip


def vae_weights(folder: Path) -> tuple[dict[str, Tensor], dict[str, dict]]:
    """Both halves under their names; a half that is not trained yet keeps its first values."""
    torch.manual_seed(0)
    network = Autoencoder(decoder.CONFIG)
    encoder.initialise(network.encoder)
    trained = {}
    for half in ("decoder", "encoder"):
        weights, trained[half] = averaged(folder, half)
        if weights:
            getattr(network, half).load_state_dict(weights)
    return network.state_dict(), trained


def export_checker(weights: dict[str, Tensor], target: Path) -> None:
    """The layout of `Falconsai/nsfw_image_detection`."""
    save_weights(weights, target / "model.safetensors")
    write(target / "config.json", checker_config())
    write(target / "preprocessor_config.json", checker.PREPROCESSOR)


def export(folder: Path, target: Path, pictures: int = 300) -> None:
    """Write the checkpoint of the states in `folder` to `target`, replacing what is there.

    The map for previews is fitted to so many `pictures`.
    """
    text, trained_text = averaged(folder, "language")
    transformer, trained_transformer = averaged(folder, "diffusion")
    vae, trained = vae_weights(folder)
    watchful, trained_checker = averaged(folder, "checker")
    if watchful:  # a checker of no weights would be worse than none
        export_checker(watchful, target / "safety_checker")
    trained |= {"language": trained_text, "diffusion": trained_transformer, "checker": trained_checker}
    save_weights(text, target / "text_encoder" / "model.safetensors")
    save_weights(transformer, target / "transformer" / "diffusion_pytorch_model.safetensors")
    save_weights(vae, target / "vae" / "diffusion_pytorch_model.safetensors")
    write(target / "text_encoder" / "config.json", text_encoder_config())
    write(target / "transformer" / "config.json", transformer_config())
    write(target / "vae" / "config.json", vae_config())
    write(target / "scheduler" / "scheduler_config.json", SCHEDULER)
    write(target / "model_index.json", MODEL_INDEX)
    shutil.copytree(folder / "tokenizer", target / "tokenizer", dirs_exist_ok=True)
    shutil.copyfile(folder / FILE, target / FILE)
    sizes = [[columns * CELL, rows * CELL] for columns, rows in SHAPES]
    about = {"name": "postcard", "version": VERSION, "sizes": sizes, "trained": trained}
    about |= {"fp32_in_decoder": decoder.PRECISE, "expansion": EXPANSION}
    about["preview"] = preview.fit(LinearLatents.load(folder), pictures)
    write_about(target / "tintype.json", about)
