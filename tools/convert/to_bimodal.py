"""A single-stream config of MMAction2 becomes one with a branch per modality.

Backbone, head, augmentation and schedule stay; what belongs to the data set
(paths, number of classes) is for the caller to set, with ``--cfg-options`` or
in the written file.
"""

import argparse
import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmengine.config import Config

SPLITS = ('train', 'val', 'test')
# What is not of the old data set.
KEPT = (
    'auto_scale_lr',
    'custom_hooks',
    'default_hooks',
    'default_scope',
    'env_cfg',
    'find_unused_parameters',
    'load_from',
    'log_level',
    'log_processor',
    'optim_wrapper',
    'param_scheduler',
    'randomness',
    'resume',
    'test_cfg',
    'test_evaluator',
    'train_cfg',
    'val_cfg',
    'val_evaluator',
    'vis_backends',
    'visualizer',
)
SAMPLERS = ('SampleFrames', 'UniformSample', 'DenseSampleFrames', 'UniformSampleFrames')
OPENERS = ('DecordInit', 'OpenCVInit', 'PyAVInit')
# Their random numbers come from other generators than Python's and numpy's
# and cannot be the same for two modalities.
OWN_RANDOM = ('PytorchVideoWrapper', 'TorchVisionWrapper', 'ImgAug')
# Packages whose models only MMAction2's own recognizers know how to call.
OTHER_PACKAGES = ('mmcls.', 'mmpretrain.', 'torchvision.', 'timm.')


def for_each(transform: dict, shared: bool) -> dict:
    """One transform, applied to every modality."""
    step = dict(type='ForEachModality', transforms=[transform])
    return dict(step, shared=True) if shared else step


def resize(short_side: int | tuple[int, int]) -> dict:
    """Resize all modalities to one shape; InfAR's differ by 1.31."""
    return dict(type='SyncResize', short_side=short_side, max_distortion=1.5)


def convert_step(step: dict, notes: list[str]) -> list[dict]:
    """What one transform of a single stream becomes.

    Args:
        step (dict): Transform of MMAction2.
        notes (list[str]): Where to say what is left out.

    Returns:
        list[dict]: Transforms of several modalities.
    """
    kind = step['type']
    if step.pop('flip_label_map', None):
        notes.append(
            f'{kind}: flip_label_map is left out, it belongs to the old classes'
        )
    if kind in OWN_RANDOM:
        notes.append(f'{kind} is left out: it would act differently on each modality')
        return []
    if kind in SAMPLERS:
        return [dict(type='SyncSample', transforms=[step])]
    if kind == 'DecordInit':
        # which knows the time of each frame
        return [for_each(dict(type='OpenVideo'), shared=False)]
    if kind in ('DecordDecode', 'RawFrameDecode'):
        # which takes folders of images, too
        return [for_each(dict(type='DecodeVideo'), shared=False)]
    if kind == 'RandomRescale':
        return [resize(tuple(step['scale_range']))]
    if kind == 'Resize' and step.get('keep_ratio', True):
        side = min(x for x in step['scale'] if x > 0)
        return [resize(side)]
    if kind == 'PackActionInputs':
        return [dict(type='PackModalityInputs')]
    fixed = kind in OPENERS or kind in (
        'Resize',
        'CenterCrop',
        'ThreeCrop',
        'TenCrop',
        'FormatShape',
    )
    return [for_each(step, shared=not fixed and 'Decode' not in kind)]


def convert_pipeline(steps: Sequence[dict], notes: list[str]) -> list[dict]:
    """Pipeline of one stream → pipeline of several.

    Args:
        steps (Sequence[dict]): Transforms of MMAction2.
        notes (list[str]): Where to say what is left out.

    Returns:
        list[dict]: Neighbours of one kind in one block.

    Raises:
        InputError: It does not read videos.
    """
    from mmbimodal.errors import InputError

    if not any('Decode' in step['type'] for step in steps):
        raise InputError(
            'this pipeline decodes no frames '
            f'({", ".join(step["type"] for step in steps)}): only configs '
            'that read videos can be converted'
        )
    converted: list[dict] = []
    if not any(step['type'] in OPENERS for step in steps):
        converted.append(for_each(dict(type='OpenVideo'), shared=False))
    for step in steps:
        for new in convert_step(dict(step), notes):
            last = converted[-1] if converted else {}
            if new['type'] == last.get('type') == 'ForEachModality' and (
                new.get('shared') == last.get('shared')
            ):
                last['transforms'] += new['transforms']
            else:
                converted.append(new)
    return converted


def convert_loader(
    loader: dict, split: str, modalities: Sequence[str], notes: list[str]
) -> dict:
    """Data loader with pairs instead of single videos."""
    loader, dataset = dict(loader), loader['dataset']
    while 'pipeline' not in dataset:
        # wrappers: RepeatDataset, ConcatDataset
        inner = dataset.get('dataset') or dataset['datasets'][0]
        notes.append(f'{split}: {dataset["type"]} is left out')
        dataset = inner
    if loader.pop('collate_fn', None):
        notes.append(f'{split}: repeated augmentation is left out')
    return dict(
        loader,
        dataset=dict(
            type='PairedDataset',
            modalities=tuple(modalities),
            data_root='data/infar',
            ann_file=f'annotations/{"train" if split == "train" else "test"}.json',
            test_mode=split != 'train',
            pipeline=convert_pipeline(dataset['pipeline'], notes),
        ),
    )


def convert_model(
    model: dict[str, Any], modalities: Sequence[str], notes: list[str]
) -> dict:
    """Recognizer with one backbone for all modalities and added features.

    Args:
        model (dict): A ``Recognizer2D`` or ``Recognizer3D``.
        modalities (Sequence[str]): Their names.
        notes (list[str]): Where to say what is left out.

    Returns:
        dict: A ``MultiModalRecognizer``.

    Raises:
        InputError: Another kind of model.
    """
    from mmbimodal.errors import InputError

    model = copy.deepcopy(model)
    backbone = model['backbone']
    if model['type'] not in ('Recognizer2D', 'Recognizer3D'):
        raise InputError(
            f'the model is a {model["type"]}: only Recognizer2D '
            'and Recognizer3D, which see one stream of frames, '
            'can be converted'
        )
    if backbone['type'].startswith(OTHER_PACKAGES):
        raise InputError(
            f'the backbone {backbone["type"]} is not one of MMAction2: only '
            'those can be converted'
        )
    if model.get('neck'):
        raise InputError(
            f'the model has the neck {model["neck"]["type"]}, and the fusion '
            'takes its place: remove it from the config first'
        )
    preprocessor = model.get('data_preprocessor') or dict(type='ActionDataPreprocessor')
    if preprocessor.pop('blending', None):
        notes.append(
            'blending of samples is left out: it would mix the '
            'labels once for each modality'
        )
    return dict(
        type='MultiModalRecognizer',
        data_preprocessor=dict(
            type='PairedDataPreprocessor',
            preprocessors={name: copy.deepcopy(preprocessor) for name in modalities},
        ),
        backbone=dict(
            type='MultiBranchBackbone', branch=backbone, modalities=tuple(modalities)
        ),
        neck=dict(type='FeatureSum'),
        cls_head=model['cls_head'],
    )


def convert(config: 'Config', modalities: Sequence[str]) -> tuple['Config', list[str]]:
    """Single-stream config → config of several modalities.

    Args:
        config (Config): Of a recognizer of MMAction2. Not modified.
        modalities (Sequence[str]): Names, as in the annotation.

    Returns:
        tuple[Config, list[str]]: The new config, without bases, and notes on
        what could not be kept.

    Raises:
        InputError: The config cannot be converted.
    """
    from mmengine.config import Config

    from mmbimodal.errors import InputError

    source = copy.deepcopy(config.to_dict())
    notes: list[str] = []
    if 'model' not in source:
        raise InputError(
            f'{config.filename} has no model: give the config of a recognizer'
        )
    converted: dict[str, Any] = dict(
        custom_imports=dict(imports=['mmbimodal'], allow_failed_imports=False),
        default_scope='mmaction',
        model=convert_model(source['model'], modalities, notes),
        **{
            f'{split}_dataloader': convert_loader(
                source[f'{split}_dataloader'], split, modalities, notes
            )
            for split in SPLITS
            if f'{split}_dataloader' in source
        },
    )
    for key in KEPT:
        if key in source:
            converted.setdefault(key, source[key])
    if converted.get('load_from'):
        # a checkpoint of one stream: its backbone fills the branch
        converted['model']['backbone']['init_cfg'] = dict(
            type='Pretrained', checkpoint=converted['load_from']
        )
        converted['load_from'] = None
    return Config(converted), list(dict.fromkeys(notes))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help="one of MMAction2's configs")
    parser.add_argument(
        '--modalities',
        nargs='+',
        required=True,
        help='names of the modalities in the annotation',
    )
    parser.add_argument('--out', required=True, help='config to write')
    args = parser.parse_args()

    from mmengine.config import Config

    from mmbimodal.apis import one_sentence

    with one_sentence():
        config, notes = convert(Config.fromfile(args.config), args.modalities)
        config.dump(args.out)
    for note in notes:
        print(note)
    print(
        f'{args.out} written; set data_root, ann_file and num_classes to '
        'those of your data set'
    )


if __name__ == '__main__':
    main()
