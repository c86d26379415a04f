"""In the last block caption tokens are only looked at: what becomes of them, nobody reads."""

from torch import Tensor, nn

from tintype.engine.networks import Networks
from tintype.model.positions import Rope
from tintype.model.transformer import Attention, Block


class ImageAttention(nn.Module):
    """The twin of :class:`~tintype.model.transformer.Attention` whose answer has the image's tokens alone."""

    def __init__(self, plain: Attention) -> None:
        super().__init__()
        self.heads, self.attend = plain.heads, plain.attend
        self.to_q, self.to_k, self.to_v = plain.to_q, plain.to_k, plain.to_v
        self.norm_q, self.norm_k, self.to_out = plain.norm_q, plain.norm_k, plain.to_out

    def forward(self, x: Tensor, rope: Rope) -> Tensor:
        """``x [B, L + N, D]``, the image's tokens first -> ``[B, L, D]``."""
        image = rope.image
        assert image is not None, "a block that sees more than the image"
        q = self.to_q(x[:, : len(image.cos)]).unflatten(-1, (self.heads, -1))
        k = self.to_k(x).unflatten(-1, (self.heads, -1))
        v = self.to_v(x).unflatten(-1, (self.heads, -1))
        q = image.rotate(self.norm_q(q))
        k = rope.rotate(self.norm_k(k))
        return self.to_out[0](self.attend(q, k, v))


class ImageBlock(nn.Module):
    """The twin of a modulated :class:`~tintype.model.transformer.Block` whose answer has the image's tokens alone."""

    def __init__(self, plain: Block) -> None:
        super().__init__()
        self.attention = ImageAttention(plain.attention)
        self.feed_forward = plain.feed_forward
        self.attention_norm1, self.attention_norm2 = plain.attention_norm1, plain.attention_norm2
        self.ffn_norm1, self.ffn_norm2 = plain.ffn_norm1, plain.ffn_norm2
        self.adaLN_modulation = plain.adaLN_modulation

    def forward(self, x: Tensor, rope: Rope, time: Tensor) -> Tensor:
        """``x [B, L + N, D]``, the image's tokens first, ``time [B, 256]`` -> ``[B, L, D]``."""
        scale1, gate1, scale2, gate2 = self.adaLN_modulation[0](time).unsqueeze(1).chunk(4, dim=-1)
        h = self.attention(self.attention_norm1(x) * (1.0 + scale1), rope)
        x = x[:, : h.shape[1]] + gate1.tanh() * self.attention_norm2(h)
        h = self.feed_forward(self.ffn_norm1(x) * (1.0 + scale2))
        return x + gate2.tanh() * self.ffn_norm2(h)


def apply(networks: Networks) -> None:
    """Replace the last block."""
    layers = networks.transformer.layers
    last = layers[-1]
    assert isinstance(last, Block)
    layers[-1] = ImageBlock(last)
