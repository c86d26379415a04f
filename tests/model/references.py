"""Small networks of diffusers and transformers with random weights, and ours of the same weights.

Small but faithful: head width 128 with rotary axes 32 + 48 + 48, every norm weight, bias and pad token
random, query and key norms of unit scale (otherwise attention is flat and a broken one would pass).
"""

import json
import tempfile
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, ZImagePipeline, ZImageTransformer2DModel
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from torch import Tensor, nn
from transformers import Qwen2Tokenizer, Qwen3Config, Qwen3ForCausalLM

from tintype.model.autoencoder import Autoencoder
from tintype.model.config import AutoencoderConfig, TextEncoderConfig, TransformerConfig
from tintype.model.flow import euler_step, sigmas_for, time_of
from tintype.model.text_encoder import TextEncoder
from tintype.model.transformer import Transformer

M = TypeVar("M", bound=nn.Module)

EXACT_ENOUGH = 1e-5
"""Largest difference allowed in fp32, as a share of the largest value."""

VISIBLE = 1e-2
"""A mistake must change the result by at least this share, a thousand times what is allowed."""

CAPTION_WIDTH = 128
CAPTION_LENGTHS = (1, 31, 32, 33, 512)
SHIFT = 3.0

CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}"
    "{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}"
)
"""What Qwen3's own template comes to for plain turns."""


def difference(ours: Tensor, reference: Tensor) -> float:
    """The largest difference as a share of the reference's largest value."""
    assert ours.shape == reference.shape
    assert ours.dtype == reference.dtype
    return ((ours - reference).abs().max() / reference.abs().max()).item()


def noise(*shape: int, seed: int = 0) -> Tensor:
    """Normal noise, the same for the same seed."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def randomised(module: M, seed: int, dtype: torch.dtype) -> M:
    """Fill every parameter with noise of the scale that keeps activations near 1."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in module.named_parameters():
        values = torch.randn(parameter.shape, generator=generator)
        if "norm" in name and name.endswith("weight"):
            values = 1 + 0.1 * values
        elif parameter.ndim > 1 and "pad_token" not in name and "embed_tokens" not in name:
            values = values / parameter[0].numel() ** 0.5
        elif name.endswith("bias"):
            values = 0.1 * values
        elif name == "cap_embedder.0.weight":
            values = 1 + 0.1 * values
        parameter.data = values.to(dtype)  # rotary buffers stay fp32, as when a checkpoint is loaded
    return module.eval().requires_grad_(False)


@cache
def transformer(dtype: torch.dtype = torch.float32) -> tuple[Transformer, ZImageTransformer2DModel]:
    """Ours and diffusers'."""
    reference = ZImageTransformer2DModel(
        dim=256, n_heads=2, n_kv_heads=2, n_layers=2, n_refiner_layers=2, cap_feat_dim=CAPTION_WIDTH,
        axes_dims=[32, 48, 48], axes_lens=[1536, 512, 512],
    )  # fmt: skip
    reference = randomised(reference, seed=1, dtype=dtype)
    with tempfile.TemporaryDirectory() as folder:
        reference.save_config(folder)
        ours = Transformer(TransformerConfig.from_json(Path(folder, "config.json")))
    return with_weights_of(ours, reference), reference


@cache
def language_model(dtype: torch.dtype = torch.float32) -> tuple[TextEncoder, Qwen3ForCausalLM]:
    """Ours and transformers'."""
    config = Qwen3Config(
        vocab_size=400,
        hidden_size=CAPTION_WIDTH,
        intermediate_size=320,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=128,
        rms_norm_eps=1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6},
        tie_word_embeddings=True,
        max_position_embeddings=40960,
    )
    reference = randomised(Qwen3ForCausalLM(config), seed=2, dtype=dtype)
    with tempfile.TemporaryDirectory() as folder:
        config.to_json_file(Path(folder, "config.json"), use_diff=False)
        ours = TextEncoder(TextEncoderConfig.from_json(Path(folder, "config.json")))
    return with_weights_of(ours, reference), reference


@cache
def autoencoder(dtype: torch.dtype = torch.float32) -> tuple[Autoencoder, AutoencoderKL]:
    """Ours and diffusers'."""
    reference = AutoencoderKL(
        block_out_channels=(32, 32, 64, 64),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2,
        latent_channels=16,
        norm_num_groups=32,
        scaling_factor=0.3611,
        shift_factor=0.1159,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )
    reference = randomised(reference, seed=3, dtype=dtype)
    with tempfile.TemporaryDirectory() as folder:
        reference.save_config(folder)
        ours = Autoencoder(AutoencoderConfig.from_json(Path(folder, "config.json")))
    return with_weights_of(ours, reference), reference


def with_weights_of(ours: M, reference: nn.Module) -> M:
    """Copy a reference's weights, strictly and in their dtype; the tied head is no weight of its own."""
    weights = {name: value for name, value in reference.state_dict().items() if name != "lm_head.weight"}
    ours.to(reference.dtype).load_state_dict(weights, strict=True)
    return ours.eval().requires_grad_(False)


def write_tokenizer(folder: Path) -> None:
    """Write a byte-level BPE of at most 400 entries, built as Qwen's is and trained on two sentences."""
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    words = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    pattern = words + r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=397, initial_alphabet=alphabet, show_progress=False)
    text = "a small red house under a large yellow moon, user and assistant beside the calm sea at night " * 3
    tokenizer.train_from_iterator([text, text[::-1], "the quick brown fox jumps over the lazy dog"], trainer)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in specials])
    tokenizer.save(str(folder / "tokenizer.json"))
    about = {
        "tokenizer_class": "Qwen2Tokenizer",
        "chat_template": CHAT_TEMPLATE,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "unk_token": None,
        "model_max_length": 131072,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(about))


def pipeline(tokenizer_folder: Path, dtype: torch.dtype = torch.float32) -> ZImagePipeline:
    """diffusers' whole pipeline around the references of this file."""
    whole = ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=SHIFT, use_dynamic_shifting=False),
        vae=autoencoder(dtype)[1],
        text_encoder=language_model(dtype)[1].model,
        tokenizer=Qwen2Tokenizer.from_pretrained(tokenizer_folder),
        transformer=transformer(dtype)[1],
    )
    whole.set_progress_bar_config(disable=True)
    return whole


@torch.no_grad()
def reference_velocity(model: ZImageTransformer2DModel, latents: Tensor, t: Tensor, captions: list[Tensor]) -> Tensor:
    """diffusers' answer for a batch ``latents [B, C, h, w]``, in our shape."""
    return torch.stack(model(list(latents.unsqueeze(2)), t, captions, return_dict=False)[0]).squeeze(2)


@torch.no_grad()
def our_latents(model: Transformer, features: Tensor, latents: Tensor, steps: int, shift: float = SHIFT) -> Tensor:
    """Our sampling loop in its shortest form: ``steps`` Euler steps from ``latents``."""
    dtype = model.x_pad_token.dtype
    caption = model.refine_caption(features)
    sigmas = sigmas_for(steps, shift)
    for sigma, sigma_next in pairwise(sigmas):
        prediction = model(latents.to(dtype), time_of(sigma).expand(len(latents)), caption)
        latents = euler_step(latents, prediction, sigma, sigma_next)
    return latents
