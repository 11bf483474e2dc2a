"""FLOPs and parameters of a recognizer with several inputs."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmaction.registry import MODELS
from mmengine.analysis import FlopAnalyzer, parameter_count
from mmengine.analysis.jit_handles import get_shape
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from mmbimodal.datasets.sample import build_sample
from mmbimodal.datasets.skeleton import SUFFIX, Skeleton, find_layout, write_compact

_FRAMES, _FPS = 64, 25


def _attention_flops(inputs: list[Any], outputs: list[Any]) -> int:
    """Multiply-adds of both products of ``scaled_dot_product_attention``.

    mmengine counts the same products when they run as matrix products, and
    nothing when they run in this kernel.
    """
    query, key = get_shape(inputs[0]), get_shape(inputs[1])
    return 2 * torch.Size(query).numel() * key[-2]


def _tensors(output: Any) -> Iterator[Tensor]:
    """All tensors of a nested output; the tracer accepts only tensors."""
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, dict):
        yield from _tensors(tuple(output.values()))
    elif isinstance(output, (list, tuple)):
        for item in output:
            yield from _tensors(item)


class _Traceable(nn.Module):
    """A stage of a recognizer with tensors as inputs and outputs."""

    def __init__(self, model: nn.Module, names: list[str], stage: str) -> None:
        super().__init__()
        self.model, self.names, self.stage = model, names, stage

    def forward(self, *inputs: Tensor) -> tuple:
        return tuple(
            _tensors(self.model(dict(zip(self.names, inputs)), stage=self.stage))
        )


def example_inputs(config: Config) -> dict[str, Tensor]:
    """Inputs that the test pipeline of a config makes of one sample.

    Args:
        config (Config): Config of a recognizer.

    Returns:
        dict[str, Tensor]: Each modality with a batch dimension, float32.
    """
    dataset = config.test_dataloader.dataset
    layouts = dict(_skeleton_layouts(dataset.pipeline))
    with tempfile.TemporaryDirectory() as folder:
        files = {name: str(Path(folder) / f'{name}.avi') for name in dataset.modalities}
        for name in layouts:
            files[name] = str(Path(folder) / f'{name}{SUFFIX}')
        for name, path in files.items():
            if name in layouts:
                _write_skeleton(path, layouts[name])
            else:
                _write_video(path)
        sample = build_sample('example', files, dataset.modalities)
        # The truth is that of real samples, and it is no input.
        steps = [x for x in dataset.pipeline if x['type'] != 'LoadVisibility']
        inputs = Compose(steps)(sample)['inputs']
    return {name: x[None].float() for name, x in inputs.items()}


def _skeleton_layouts(pipeline: Sequence[Mapping]) -> Iterator[tuple[str, str]]:
    """Modalities that the pipeline reads as skeletons, and the layouts of these."""
    for step in pipeline:
        inner = step.get('transforms')
        for name, transforms in inner.items() if isinstance(inner, Mapping) else ():
            for transform in transforms:
                if transform['type'] == 'LoadSkeleton':
                    yield name, transform['layout']


def _write_video(path: str) -> None:
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*'MJPG'), _FPS, (340, 256))
    for _ in range(_FRAMES):
        writer.write(np.zeros((256, 340, 3), np.uint8))
    writer.release()


def _write_skeleton(path: str, layout: str) -> None:
    """A body that stands still."""
    shape = (1, _FRAMES, len(find_layout(layout).joints))
    skeleton = Skeleton(
        keypoint=np.ones((*shape, 3), np.float32),
        layout=layout,
        colorXY=np.ones((*shape, 2), np.float32),
        depthXY=np.ones((*shape, 2), np.float32),
        score=np.ones(shape, np.float32),
        timestamps=np.arange(_FRAMES) / _FPS,
    )
    write_compact(path, skeleton)


def count_flops(
    model: nn.Module, inputs: dict[str, Tensor], stage: str = 'head'
) -> int:
    """Multiply-adds of one forward pass.

    Counted by ``mmengine.analysis`` with ``scaled_dot_product_attention``
    included.

    Args:
        model (nn.Module): A recognizer.
        inputs (dict[str, Tensor]): Each modality N×V×….
        stage (str): ``'backbone'``, or ``'head'`` for the whole model.
            Defaults to ``'head'``.

    Returns:
        int: Multiply-adds.
    """
    analyzer = FlopAnalyzer(
        _Traceable(model, list(inputs), stage), tuple(inputs.values())
    )
    analyzer.set_op_handle('aten::scaled_dot_product_attention', _attention_flops)
    analyzer.unsupported_ops_warnings(False)
    analyzer.uncalled_modules_warnings(False)
    return analyzer.total()


def get_complexity(
    config: str | Config, stage: str = 'head', train_mode: bool = False
) -> dict[str, int]:
    """Cost of one sample with the config's own input sizes.

    FLOPs are multiply-adds, as everywhere in MMAction2.

    Args:
        config (str | Config): Config of a recognizer, or its path.
        stage (str): ``'backbone'``, or ``'head'`` for the whole model.
            Defaults to ``'head'``.
        train_mode (bool): Count in training mode, which changes what batch
            norm costs. Defaults to False.

    Returns:
        dict[str, int]: ``flops`` and ``params``.
    """
    if not isinstance(config, Config):
        config = Config.fromfile(config)
    init_default_scope(config.default_scope)
    model = MODELS.build(config.model).train(train_mode)
    flops = count_flops(model, example_inputs(config), stage)
    counted = model.backbone if stage == 'backbone' else model
    return dict(flops=flops, params=parameter_count(counted)[''])
