"""Saliency of the regions: product of the layers' attention maps."""

from collections.abc import Sequence

import torch
from torch import Tensor

# Elements of the attention maps that are computed at a time on a CPU: 2 MB
# stay in its caches.
CHUNK_ELEMENTS = 2**19


@torch.no_grad()
def attention_product(
    queries_keys: Sequence[tuple[Tensor, Tensor]], mix_identity: bool = False
) -> Tensor:
    r"""Score every region by the product of attention maps (eqs 5–7).

    .. math::
        A = A_L A_{L-1} \cdots A_1, \qquad
        A_{score} = \frac{1}{N_h} \sum_h A^h_{cls, 1:}

    Readings: eq. 7 names no row of A, the class token's is taken. The order
    of the product in eq. 6 is not said: information flows from
    the low layers to the high ones (ref. 35 of the paper), so the top layer
    stands on the left. Only the class token's row of A is needed: it starts
    as that row of the top layer and is multiplied downwards, a vector by a
    matrix per layer, O(L·N²) instead of O(L·N³). The maps are recomputed
    from queries and keys, one layer at a time, on a CPU of few frames.

    Args:
        queries_keys (Sequence[tuple[Tensor, Tensor]]): Queries and keys of
            each layer from the lowest to the highest, each B×H×(1+N)×d, the
            class token first.
        mix_identity (bool): Use (A_l + I) / 2 in place of A_l (attention
            rollout proper). Eq. 6 has none. Defaults to False.

    Returns:
        Tensor: Region scores, B×N, float32.
    """
    query = queries_keys[0][0]
    if torch.compiler.is_compiling() or not query.is_cpu:
        return _product(queries_keys, mix_identity)
    size = max(1, CHUNK_ELEMENTS // (query.shape[1] * query.shape[2] ** 2))
    # L×(queries, keys) -> chunks×L×(queries, keys)
    chunks = zip(
        *(zip(query.split(size), key.split(size)) for query, key in queries_keys)
    )
    return torch.cat([_product(chunk, mix_identity) for chunk in chunks])


def _product(
    queries_keys: Sequence[tuple[Tensor, Tensor]], mix_identity: bool
) -> Tensor:
    """:func:`attention_product` of some frames."""
    # B×H×1×(1+N): the class token's row of the product so far
    row: Tensor | None = None
    for query, key in reversed(queries_keys):
        if row is None:
            query = query[:, :, :1]
        # B×H×(1+N)×d, B×H×d×(1+N) -> B×H×(1+N)×(1+N)
        logits = query * query.shape[-1] ** -0.5 @ key.transpose(-2, -1)
        # The product of ten maps loses its ranking in half precision.
        with torch.autocast(query.device.type, enabled=False):
            attention = logits.float().softmax(dim=-1)  # eq. 5
            if row is None:
                product = attention
                row = torch.zeros_like(attention)
                row[..., 0] = 1.0
            else:
                product = row @ attention  # eq. 6
            row = (product + row) / 2 if mix_identity else product
    assert row is not None, 'a product of no layers'
    # B×H×1×(1+N) -> B×N
    return row[:, :, 0, 1:].mean(dim=1)  # eq. 7
