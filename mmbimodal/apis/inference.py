"""Selection and prediction of a trained recognizer, sample by sample."""

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from mmaction.registry import DATASETS, HOOKS, MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

from mmbimodal.errors import InputError
from mmbimodal.structures import ModalitySelection, SelectedTokens, Selection

from .inputs import list_samples


def init_recognizer(
    config: str | PathLike | Config, checkpoint: str, device: str = 'cpu'
) -> nn.Module:
    """Build a recognizer and load its weights.

    Args:
        config (str | Path | Config): Config, or its path.
        checkpoint (str): Path or URL of the weights.
        device (str): Where the model is to run. Defaults to ``'cpu'``.

    Returns:
        nn.Module: In evaluation mode, with the checkpoint's ``dataset_meta``.

    Raises:
        InputError: The checkpoint cannot be read, or does not fill the
            model.
    """
    config = _load(config)
    init_default_scope(config.default_scope)
    model = MODELS.build(config.model)
    loaded = CheckpointLoader.load_checkpoint(checkpoint, 'cpu', logger='silent')
    # The check of training and testing, which asks a runner for its model.
    HOOKS.build(dict(type='CheckpointMatchHook')).after_load_checkpoint(
        SimpleNamespace(model=model), loaded
    )
    model.load_state_dict(
        {
            name.removeprefix('module.'): tensor
            for name, tensor in loaded.get('state_dict', loaded).items()
        },
        strict=False,
    )
    model.dataset_meta = loaded.get('meta', {}).get('dataset_meta', {})
    return model.to(device).eval()


def inspect_selection(
    model: nn.Module, config: str | PathLike | Config, sample: str | Mapping[str, str]
) -> Selection:
    """Run one sample through the config's test pipeline and the model.

    Args:
        model (nn.Module): Of :func:`init_recognizer`.
        config (str | Path | Config): The model's config.
        sample (str | Mapping[str, str]): Id of a test sample, or modality →
            path of a video; modalities may be left out.

    Returns:
        Selection: What the model selects and predicts.

    Raises:
        InputError: Unknown id or modality, missing or unreadable file, a
            model that selects nothing, or a pipeline of several views.
    """
    config = _load(config)
    if isinstance(sample, str):
        return next(inspect_dataset(model, build_test_set(config), [sample]))
    settings = config.test_dataloader.dataset
    (row,) = list_samples([sample], settings)
    init_default_scope(config.default_scope)
    return _inspect(model, Compose(settings.pipeline)(row))


def inspect_dataset(
    model: nn.Module, dataset: Any, sample_ids: Sequence[str] | None = None
) -> Iterator[Selection]:
    """:func:`inspect_selection` for samples of a data set.

    Args:
        model (nn.Module): Of :func:`init_recognizer`.
        dataset (PairedDataset): Of :func:`build_test_set`.
        sample_ids (Sequence[str], optional): Which. Defaults to all.

    Yields:
        Selection: One for each sample, in the order asked for.

    Raises:
        InputError: As :func:`inspect_selection`.
    """
    order = {dataset.get_data_info(i)['sample_id']: i for i in range(len(dataset))}
    for sample_id in order if sample_ids is None else sample_ids:
        if sample_id not in order:
            raise InputError(
                f'there is no sample {sample_id!r} in {dataset.ann_file}: its '
                f'{len(order)} ids are like {next(iter(order))}'
            )
        yield _inspect(model, dataset[order[sample_id]])


def build_test_set(config: str | PathLike | Config) -> Any:
    """The data set that ``tools/test.py`` would test on."""
    config = _load(config)
    init_default_scope(config.default_scope)
    return DATASETS.build(config.test_dataloader.dataset)


def _load(config: str | PathLike | Config) -> Config:
    return config if isinstance(config, Config) else Config.fromfile(config)


def _inspect(model: nn.Module, packed: dict) -> Selection:
    """Forward pass of one packed sample of one view."""
    views = {name: len(x) for name, x in packed['inputs'].items() if x.numel()}
    if set(views.values()) != {1}:
        raise InputError(
            f'the test pipeline makes {max(views.values())} views of a '
            'video, a picture of the selection shows one: use CenterCrop and '
            'num_clips=1 in it'
        )
    _, selections = predict(model, pseudo_collate([packed]))
    if not selections:
        raise InputError(
            'nothing is selected in this model: use a config with KeyframeSelector'
        )
    return selections[0]


@torch.no_grad()
def predict(
    model: nn.Module, batch: dict
) -> tuple[list[ActionDataSample], list[Selection]]:
    """What a model predicts for a batch and, where it selects, from what.

    Args:
        model (nn.Module): Of :func:`init_recognizer`.
        batch (dict): N collated samples. Not modified.

    Returns:
        tuple[list[ActionDataSample], list[Selection]]: Predictions of ``test_step``
        for N samples, and their selections; no selection where the model has no
        ``KeyframeSelector``, or a sample has several views.
    """
    seen: dict[str, Any] = {}
    hook = model.with_neck and model.neck.register_forward_hook(
        # the neck joins the frames in the order of its input
        lambda module, inputs, output: seen.update(names=[*inputs[0]], feats=output[0])
    )
    try:
        samples = model.test_step(batch)
    finally:
        if hook:
            hook.remove()
    feats = seen.get('feats')
    if not isinstance(feats, SelectedTokens) or len(feats.marks) != len(samples):
        return samples, []
    selections = []
    for row, sample in enumerate(samples):
        scores = sample.pred_score.cpu().numpy()
        inputs = {name: x[row] for name, x in batch['inputs'].items()}
        selections.append(
            Selection(
                sample.sample_id,
                class_names(model, len(scores)),
                scores,
                int(sample.gt_label) if 'gt_label' in sample else None,
                _by_modality(feats, row, seen['names'], inputs, sample.modalities),
            )
        )
    return samples, selections


def class_names(model: nn.Module, count: int) -> tuple[str, ...]:
    """Names of the classes, as the checkpoint has them or ``class 0`` and so on."""
    names = model.dataset_meta.get('classes')
    return tuple(names or (f'class {i}' for i in range(count)))


def _by_modality(
    feats: SelectedTokens,
    row: int,
    names: Sequence[str],
    inputs: dict[str, Tensor],
    metainfo: dict[str, dict],
) -> dict[str, ModalitySelection]:
    """Split the merged frames of one sample into those of each modality."""
    num_frames, num_regions = feats.marks.shape[1:]
    height, width = next(x for x in inputs.values() if x.numel()).shape[-2:]
    # Regions are squares: h/w is H/W and h·w is N.
    rows = round((num_regions * height / width) ** 0.5)
    # F×N -> F×h×w
    marks = feats.marks[row].cpu().numpy().reshape(num_frames, rows, -1) > 0
    levels = np.full(num_frames, 'background')
    for level, group in zip(('key', 'secondary'), feats.groups):
        levels[group.frames[row].cpu().numpy()] = level
    # Where frames are missing, a slot of a group points at an empty one.
    levels[~marks.any(axis=(1, 2))] = 'background'
    merged = (feats.frame_scores[row].cpu().numpy(), levels, marks)
    split = zip(*(np.split(x, len(names)) for x in merged))
    return {
        name: ModalitySelection(
            # 1×3×T×H×W -> T×H×W×3
            inputs[name][0].numpy().transpose(1, 2, 3, 0),
            np.asarray(metainfo[name]['frame_inds']),
            scores,
            kinds,
            kept,
            np.asarray(metainfo[name].get('crop_quadruple', (0, 0, 1, 1))),
        )
        for name, (scores, kinds, kept) in zip(names, split)
        if name in metainfo
    }
