"""What the branches of a :class:`MultiBranchBackbone` hand to a fusion."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mmbimodal.errors import InputError


class BranchFeatures(NamedTuple):
    """Features of one modality.

    The contract of a branch, whichever backbone it is: for B rows it gives

    - a tensor B×C×…, a map or a vector;
    - a list of such tensors whose last one is the class token; or
    - a tuple of these, one for each pathway or scale.

    A backbone that pools the images of a sample gives fewer than B rows.

    Args:
        features (Tensor | tuple | list, optional): What the branch gives,
            zero in the rows that lack the modality. None where all of them
            lack it: the branch did not run.
        present (Tensor): Whether a row has the modality, B, bool.
    """

    features: Any
    present: Tensor


def check_branch_output(output: Any, branch: str) -> None:
    """Hold a branch to the contract of :class:`BranchFeatures`.

    Args:
        output: What the branch gives.
        branch (str): Its class, for the message.

    Raises:
        InputError: It gives something else.
    """
    if isinstance(output, (list, tuple)) and output:
        for part in output:
            if part is not None:
                check_branch_output(part, branch)
    elif not isinstance(output, Tensor) or output.ndim < 2:
        found = getattr(output, 'shape', type(output).__name__)
        raise InputError(
            f'the backbone {branch} gives {found}, a branch gives a tensor '
            'B×C×…, a list of tensors with the class token last, or a tuple of '
            'pathways: choose another backbone, or another out_indices of it'
        )


def map_tensors(function: Callable[..., Tensor], *structures: Any) -> Any:
    """Apply ``function`` to the tensors at the same place of each structure.

    Args:
        function (Callable): Takes one tensor of each structure.
        structures: Nested tuples and lists of tensors, alike.

    Returns:
        The first structure with the results in it.
    """
    first = structures[0]
    if isinstance(first, (list, tuple)):
        return type(first)(map_tensors(function, *items) for items in zip(*structures))
    return first if first is None else function(*structures)


def tensors_of(structure: Any) -> list[Tensor]:
    """The tensors of a nested structure, in order."""
    if isinstance(structure, (list, tuple)):
        return sum(map(tensors_of, structure), [])
    return [] if structure is None else [structure]


def pool_features(structure: Any) -> Tensor:
    """One vector per row of a branch's features.

    Args:
        structure (Tensor | tuple | list): A map B×C×… gives its mean over
            time and space; a tuple, its parts side by side (pathways); a
            list of patches and class token, the class token.

    Returns:
        Tensor: B×C.
    """
    if isinstance(structure, tuple):
        return torch.cat([pool_features(x) for x in structure], dim=1)
    if isinstance(structure, list):
        return pool_features(structure[-1])
    # B×C×… -> B×C
    return structure.flatten(2).mean(dim=2) if structure.ndim > 2 else (structure)


def broadcast_rows(values: Tensor, features: Tensor) -> Tensor:
    """One number per input, in a shape to multiply the features with.

    A backbone that pools segments has fewer rows than images came in.

    Args:
        values (Tensor): B.
        features (Tensor): B×C×…, or (B/n)×C×….

    Returns:
        Tensor: B×1×…, or (B/n)×1×….
    """
    values = values.view(features.shape[0], -1)[:, 0]
    return values.view((-1,) + (1,) * (features.ndim - 1))


def align_features(feats: dict[str, BranchFeatures]) -> list[Any]:
    """The features of all modalities, ready to be put together.

    Absent modalities become zero; one that no row has gets the shapes of the
    first that some row has. Maps of different sizes are averaged over time
    and space; under a head that averages them this changes nothing.

    Args:
        feats (dict[str, BranchFeatures]): The backbone's output.

    Returns:
        list: One structure per modality; tensors at the same place have the
        same shape but for their channels.

    Raises:
        InputError: The structures, ranks or batch sizes differ.
    """
    known = {k: x.features for k, x in feats.items() if x.features is not None}
    zeros = map_tensors(torch.zeros_like, next(iter(known.values())))
    shapes = {k: [tuple(x.shape) for x in tensors_of(v)] for k, v in known.items()}
    # (rank, rows) at every place
    ranks = {k: [(len(x), x[0]) for x in v] for k, v in shapes.items()}
    if any(rank != next(iter(ranks.values())) for rank in ranks.values()):
        raise InputError(
            f'the branches give features that do not fit together, {shapes}: '
            'choose backbones of one kind in backbone.branches, and as many '
            'frames per sample where frames are images'
        )
    # Whether the maps at a place, B×C×(size), differ in size
    differ = [len({x[2:] for x in place}) > 1 for place in zip(*shapes.values())]

    def align(branch: BranchFeatures) -> Any:
        places = iter(differ)

        def prepare(x: Tensor) -> Tensor:
            if next(places):
                # B×C×(size) -> B×C×1×…
                x = x.mean(dim=tuple(range(2, x.ndim)), keepdim=True)
            return x * broadcast_rows(branch.present, x)

        return map_tensors(
            prepare, zeros if branch.features is None else branch.features
        )

    return [align(branch) for branch in feats.values()]


def add_features(feats: dict[str, BranchFeatures]) -> Any:
    """Sum over the present modalities.

    Args:
        feats (dict[str, BranchFeatures]): The backbone's output.

    Returns:
        Tensor | tuple | list: What one branch gives, added.

    Raises:
        InputError: The modalities differ in their number of channels.
    """
    structures = align_features(feats)
    channels = {
        name: [x.shape[1] for x in tensors_of(structure)]
        for name, structure in zip(feats, structures)
    }
    if any(x != next(iter(channels.values())) for x in channels.values()):
        raise InputError(
            f'features of different widths, {channels}, cannot be added: use '
            'FeatureConcat as the neck, or backbones of one width'
        )
    return map_tensors(lambda *x: sum(x), *structures)
