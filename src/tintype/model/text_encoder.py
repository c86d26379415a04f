"""Qwen3, the language model whose hidden states condition the transformer (arXiv 2505.09388).

For pictures the output of the last layer but one is used, without the final norm; the last layer and the tied head
serve only text generation.

Shapes: ``B`` batch, ``L`` tokens, ``D`` hidden size, ``V`` vocabulary, ``T`` the most tokens that a cache takes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.model.config import TextEncoderConfig
from tintype.model.layers import RMSNorm, attention, rotate_halves


@dataclass(slots=True, eq=False)
class Cache:
    """Keys and values of the tokens that a model has read: one pair for each layer, allocated once.

    Memory: ``2 * layers * T * H_kv * head_dim`` numbers; of Qwen3-4B in bf16 147 kB a token.
    """

    keys: Tensor
    """``[layers, B, T, H_kv, head_dim]``, normalised and rotated."""
    values: Tensor
    length: int = 0
    """How many tokens it holds; on the host, so that no layer waits for the device."""

    def add(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Write ``k, v [B, L, H_kv, head_dim]`` behind what is held; that and they, of one layer."""
        end = self.length + k.shape[1]
        self.keys[layer, :, self.length : end] = k
        self.values[layer, :, self.length : end] = v
        return self.keys[layer, :, :end], self.values[layer, :, :end]


class SelfAttention(nn.Module):
    """Causal grouped-query attention with RMS-normalised, rotated queries and keys."""

    def __init__(self, config: TextEncoderConfig) -> None:
        super().__init__()
        d = config.head_dim
        self.head_dim = d
        self.q_proj = nn.Linear(config.hidden_size, config.num_attention_heads * d, bias=False)
        self.k_proj = nn.Linear(config.hidden_size, config.num_key_value_heads * d, bias=False)
        self.v_proj = nn.Linear(config.hidden_size, config.num_key_value_heads * d, bias=False)
        self.o_proj = nn.Linear(config.num_attention_heads * d, config.hidden_size, bias=False)
        self.q_norm = RMSNorm(d, config.rms_norm_eps)
        self.k_norm = RMSNorm(d, config.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, cache: Cache | None = None, layer: int = 0) -> Tensor:
        """``x [B, L, D]``, ``cos, sin [L, head_dim]`` -> ``[B, L, D]``.

        With a ``cache``, ``x`` comes behind what ``layer`` has in it: everything into an empty one, or one token more.
        """
        q = self.q_norm(self.q_proj(x).unflatten(-1, (-1, self.head_dim)))
        k = self.k_norm(self.k_proj(x).unflatten(-1, (-1, self.head_dim)))
        v = self.v_proj(x).unflatten(-1, (-1, self.head_dim))
        q, k = rotate_halves(q, cos, sin), rotate_halves(k, cos, sin)
        if cache is None:
            return self.o_proj(attention(q, k, v, causal=True))
        assert cache.length == 0 or x.shape[1] == 1, "the mask of several tokens behind others is not made"
        k, v = cache.add(layer, k, v)
        return self.o_proj(attention(q, k, v, causal=x.shape[1] > 1))


class MLP(nn.Module):
    """SwiGLU under Qwen's names."""

    def __init__(self, config: TextEncoderConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``x [B, L, D]`` -> ``[B, L, D]``."""
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class DecoderLayer(nn.Module):
    """Pre-norm attention and feed-forward."""

    def __init__(self, config: TextEncoderConfig) -> None:
        super().__init__()
        self.self_attn = SelfAttention(config)
        self.mlp = MLP(config)
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, cache: Cache | None = None, layer: int = 0) -> Tensor:
        """``x [B, L, D]`` -> ``[B, L, D]``; ``cache`` and ``layer`` as in :class:`SelfAttention`."""
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, cache, layer)
        return x + self.mlp(self.post_attention_layernorm(x))


class Qwen3(nn.Module):
    """The tensors that the checkpoint stores under ``model.``."""

    def __init__(self, config: TextEncoderConfig) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)


class TextEncoder(nn.Module):
    """Token ids -> features for the transformer, or -> logits of the next token.

    Give it real tokens only: a causal model does not see what follows, so right padding only costs time.
    """

    def __init__(self, config: TextEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.model = Qwen3(config)

    def forward(self, ids: Tensor) -> Tensor:
        """``ids [B, L]`` -> features ``[B, L, D]``: the output of the last layer but one, not normalised."""
        return self._run(ids, self.config.num_hidden_layers - 1)

    def logits(self, ids: Tensor) -> Tensor:
        """``ids [B, L]`` -> ``[B, L, V]``: scores of the token that follows each position (tied head)."""
        return self._head(self._run(ids, self.config.num_hidden_layers))

    def next_logits(self, ids: Tensor, cache: Cache) -> Tensor:
        """Read ``ids [B, L]`` behind what ``cache`` holds -> ``[B, V]``: scores of the token that follows the last.

        The first call reads all there is, each later one a single token. ``cache`` then holds them too.
        """
        x = self._run(ids, self.config.num_hidden_layers, cache)
        cache.length += ids.shape[1]
        return self._head(x[:, -1])

    def cache(self, tokens: int) -> Cache:
        """An empty cache for one text of at most ``tokens``."""
        config, like = self.config, self.model.norm.weight
        shape = (config.num_hidden_layers, 1, tokens, config.num_key_value_heads, config.head_dim)
        return Cache(like.new_empty(shape), like.new_empty(shape))

    def _head(self, x: Tensor) -> Tensor:
        return F.linear(self.model.norm(x), self.model.embed_tokens.weight.to(x.dtype))

    def _run(self, ids: Tensor, layers: int, cache: Cache | None = None) -> Tensor:
        x = self.model.embed_tokens(ids)
        cos, sin = self._rotation(cache.length if cache else 0, ids.shape[1], x)
        for i, layer in enumerate(self.model.layers[:layers]):
            x = layer(x, cos, sin, cache, i)
        return x

    def _rotation(self, start: int, length: int, like: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines ``[L, head_dim]`` of ``length`` positions, computed in fp32, in ``like``'s dtype."""
        d = self.config.head_dim
        exponents = torch.arange(0, d, 2, dtype=torch.float32, device=like.device) / d
        frequencies = 1.0 / (self.config.rope_theta**exponents)
        positions = torch.arange(start, start + length, dtype=torch.float32, device=like.device)
        angles = positions[:, None] * frequencies
        angles = torch.cat([angles, angles], dim=-1)
        return angles.cos().to(like.dtype), angles.sin().to(like.dtype)
