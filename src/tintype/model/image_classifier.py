"""The vision transformer as an image classifier (Dosovitskiy et al. 2020, arXiv 2010.11929).

A picture is cut into squares, each becomes a token, and the token put before them all says what the picture shows.
Tensor names are those that transformers writes for ``ViTForImageClassification``.

Shapes: ``B`` pictures, ``C`` colours, ``S`` pixels along each side, ``L`` tokens, ``D`` width, ``K`` labels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.model.config import ImageClassifierConfig
from tintype.model.layers import attention


class Projections(nn.Module):
    """What the checkpoint stores under ``attention.attention.``: self-attention before its output projection."""

    def __init__(self, config: ImageClassifierConfig) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.query = nn.Linear(config.hidden_size, config.hidden_size, bias=config.qkv_bias)
        self.key = nn.Linear(config.hidden_size, config.hidden_size, bias=config.qkv_bias)
        self.value = nn.Linear(config.hidden_size, config.hidden_size, bias=config.qkv_bias)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, L, D]`` -> ``[B, L, D]``; every token sees every other."""
        q, k, v = (project(x).unflatten(-1, (self.heads, -1)) for project in (self.query, self.key, self.value))
        return attention(q, k, v)


class Dense(nn.Module):
    """One linear map, under the name that it has in the checkpoint."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``[..., inputs]`` -> ``[..., outputs]``."""
        return self.dense(x)


class SelfAttention(nn.Module):
    """What the checkpoint stores under ``attention.``."""

    def __init__(self, config: ImageClassifierConfig) -> None:
        super().__init__()
        self.attention = Projections(config)
        self.output = Dense(config.hidden_size, config.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, L, D]`` -> ``[B, L, D]``."""
        return self.output(self.attention(x))


class Layer(nn.Module):
    """Pre-norm attention and feed-forward with the exact GELU."""

    def __init__(self, config: ImageClassifierConfig) -> None:
        super().__init__()
        self.attention = SelfAttention(config)
        self.intermediate = Dense(config.hidden_size, config.intermediate_size)
        self.output = Dense(config.intermediate_size, config.hidden_size)
        self.layernorm_before = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.layernorm_after = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, L, D]`` -> ``[B, L, D]``."""
        x = x + self.attention(self.layernorm_before(x))
        return x + self.output(F.gelu(self.intermediate(self.layernorm_after(x))))


class PatchEmbeddings(nn.Module):
    """Squares of pixels -> tokens."""

    def __init__(self, config: ImageClassifierConfig) -> None:
        super().__init__()
        size = config.patch_size
        self.projection = nn.Conv2d(config.num_channels, config.hidden_size, kernel_size=size, stride=size)

    def forward(self, pixels: Tensor) -> Tensor:
        """``[B, C, S, S]`` -> ``[B, L, D]``, row by row."""
        return self.projection(pixels).flatten(2).transpose(1, 2)


class Embeddings(nn.Module):
    """The token that will hold the verdict, the squares, and where each of them was."""

    def __init__(self, config: ImageClassifierConfig) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.hidden_size))
        self.position_embeddings = nn.Parameter(torch.zeros(1, 1 + config.patches, config.hidden_size))
        self.patch_embeddings = PatchEmbeddings(config)

    def forward(self, pixels: Tensor) -> Tensor:
        """``[B, C, S, S]`` -> ``[B, 1 + L, D]``."""
        tokens = self.patch_embeddings(pixels)
        return torch.cat([self.cls_token.expand(len(tokens), -1, -1), tokens], dim=1) + self.position_embeddings


class Encoder(nn.Module):
    """The layers."""

    def __init__(self, config: ImageClassifierConfig) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))

    def forward(self, x: Tensor) -> Tensor:
        """``[B, L, D]`` -> ``[B, L, D]``."""
        for layer in self.layer:
            x = layer(x)
        return x


class VisionTransformer(nn.Module):
    """The tensors that the checkpoint stores under ``vit.``."""

    def __init__(self, config: ImageClassifierConfig) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        self.layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, pixels: Tensor) -> Tensor:
        """``[B, C, S, S]`` -> ``[B, 1 + L, D]``, normalised."""
        return self.layernorm(self.encoder(self.embeddings(pixels)))


class ImageClassifier(nn.Module):
    """Pixels -> a score for each label."""

    def __init__(self, config: ImageClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.vit = VisionTransformer(config)
        self.classifier = nn.Linear(config.hidden_size, len(config.labels))

    def forward(self, pixels: Tensor) -> Tensor:
        """``[B, C, S, S]``, normalised as the checkpoint's preprocessor says -> logits ``[B, K]``."""
        return self.classifier(self.vit(pixels)[:, 0])
