"""Multi-head attention among kept tokens only (eqs 9–12)."""

import torch.nn.functional as F
from torch import Tensor, nn

from .linear import Linear, linear


def masked_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    query_marks: Tensor,
    key_marks: Tensor,
    keep: Tensor | None = None,
) -> Tensor:
    r"""Attention with the rows and columns of dropped tokens excluded.

    .. math::
        (\mathrm{softmax}(P) \odot m_q m_k^\top) V
        = m_q \odot \left(\mathrm{softmax}(P) (m_k \odot V)\right)

    with P = −∞ in dropped columns (eqs 9, 11, 12). In this form no attention
    map is materialised, and the softmax over nothing in a dropped row of
    eq. 11 does not arise: its output is defined as 0.

    Args:
        query (Tensor): B×H×Q×d.
        key (Tensor): B×H×K×d.
        value (Tensor): B×H×K×d.
        query_marks (Tensor): Marks of the queries, B×Q.
        key_marks (Tensor): Marks of the keys, B×K.
        keep (Tensor, optional): Which keys are kept, B×K, bool. ``None``:
            all of them, and faster.

    Returns:
        Tensor: B×H×Q×d.
    """
    if keep is not None:
        # Where nothing is kept the values are all zero anyway: attending to
        # them keeps the softmax, and its gradient, finite.
        # B×K -> B×1×1×K
        keep = (keep | ~keep.any(dim=-1, keepdim=True))[:, None, None]
    # m_k ⊙ V, the columns of the outer product of eq. 9
    value = value * key_marks[:, None, :, None].to(value.dtype)
    # softmax(P) (eqs 10, 11), times the masked values
    out = F.scaled_dot_product_attention(query, key, value, attn_mask=keep)
    # m_q ⊙ …, the rows of eq. 9: with them this is eq. 12
    return out * query_marks[:, None, :, None].to(out.dtype)


class MaskedAttention(nn.Module):
    """Projections around :func:`masked_attention`.

    Args:
        embed_dims (int): Channels C.
        num_heads (int): Heads; divides C.
    """

    def __init__(self, embed_dims: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(embed_dims, 3 * embed_dims)
        self.proj = Linear(embed_dims, embed_dims)

    def forward(
        self,
        tokens: Tensor,
        marks: Tensor,
        keep: Tensor | None = None,
        num_queries: int | None = None,
    ) -> Tensor:
        """Attend from the first tokens to all of them.

        Args:
            tokens (Tensor): Normalised tokens, B×K×C.
            marks (Tensor): Their marks, B×K.
            keep (Tensor, optional): Which are kept, B×K, bool; None: all.
            num_queries (int, optional): Compute the output of so many
                leading tokens only. Defaults to all.

        Returns:
            Tensor: B×Q×C.
        """
        leading = tokens[:, :num_queries]
        split = tokens.shape[-1]
        weight_q, weight_kv = self.qkv.weight.split((split, 2 * split))
        bias_q, bias_kv = self.qkv.bias.split((split, 2 * split))
        query = self._heads(linear(leading, weight_q, bias_q))
        key, value = linear(tokens, weight_kv, bias_kv).chunk(2, dim=-1)
        out = masked_attention(
            query,
            self._heads(key),
            self._heads(value),
            marks[:, :num_queries],
            marks,
            keep,
        )
        return self.proj(out.transpose(1, 2).flatten(2))

    def _heads(self, x: Tensor) -> Tensor:
        """B×K×C → B×H×K×d."""
        return x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
