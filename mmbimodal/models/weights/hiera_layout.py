"""Published Hiera checkpoints in the sizes of our model."""

from torch import Tensor

from .resizing import inflate_kernel, resize_grid, resize_positions


def to_hiera_layout(
    weights: dict[str, Tensor], own: dict[str, Tensor], grid: tuple[int, int]
) -> dict[str, Tensor]:
    """Fit a published state dict to the clips of a model.

    Args:
        weights (dict[str, Tensor]): Of a video or an image model.
        own (dict[str, Tensor]): State dict of the model to be filled.
        grid (tuple[int, int]): Rows h and columns w of its tokens.

    Returns:
        dict[str, Tensor]: With a 3-D kernel, and position embeddings of the
        model's size: ``pos_embed_spatial`` 1×(h·w)×C (bicubic) and
        ``pos_embed_temporal`` 1×t×C (linear).
    """
    weights = dict(weights)
    if 'pos_embed' in weights:
        weights['pos_embed_spatial'] = weights.pop('pos_embed')
    kernel = weights.get('patch_embed.proj.weight')
    if kernel is not None and kernel.dim() == 4:
        frames = own['patch_embed.proj.weight'].shape[2]
        weights['patch_embed.proj.weight'] = inflate_kernel(kernel, frames)
    spatial = weights.get('pos_embed_spatial')
    if spatial is not None and spatial.shape[1] != grid[0] * grid[1]:
        weights['pos_embed_spatial'] = resize_grid(spatial, grid)
    temporal = weights.get('pos_embed_temporal')
    slots = own['pos_embed_temporal'].shape[1]
    if temporal is not None and temporal.shape[1] != slots:
        weights['pos_embed_temporal'] = resize_positions(temporal, slots)
    return weights
