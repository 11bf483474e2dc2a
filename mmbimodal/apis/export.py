"""Trained recognizers as ONNX files, checked before they are written."""

import importlib.util
import json
import re
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmengine import fileio
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from mmbimodal.errors import InputError
from mmbimodal.version import __version__

from .complexity import example_inputs
from .export_graph import Probabilities
from .inference import class_names
from .results import check_writable

# Input of the graph that says which modalities a sample has.
PRESENT = 'present'
# Key of the file's metadata, whose value is JSON.
METADATA = 'mmbimodal'
TOLERANCE = 1e-4


class Example(NamedTuple):
    """A batch of noise and what the model makes of it.

    Args:
        inputs (dict[str, Tensor]): Of each of M modalities B×V×….
        present (Tensor): Which modalities a sample has, B×M, bool.
        scores (Tensor): B×K.
    """

    inputs: dict[str, Tensor]
    present: Tensor
    scores: Tensor


def export_onnx(model: nn.Module, config: Config, path: str | PathLike) -> float:
    """Write a recognizer as one ONNX file.

    The graph has an input for each modality, B×V×… as the test pipeline and the
    preprocessor make it; for two modalities or more also ``present``, B×M, bool, in
    their order; and one output, ``scores``, B×K. B is free. The rows that lack a
    modality may hold any values. The metadata ``mmbimodal`` holds
    :func:`describe_inputs` as JSON.

    The file is written after onnxruntime agreed with PyTorch on three batches: one
    complete, one whose samples lack different modalities, one without the last
    modality.

    Args:
        model (nn.Module): Of :func:`~mmbimodal.apis.init_recognizer`, on the CPU.
        config (Config): Its config.
        path (str | Path): ``.onnx``.

    Returns:
        float: Largest difference of the scores.

    Raises:
        InputError: A package is missing, the path cannot be written, ONNX lacks an
            operator of the model, or the scores differ by more than ``TOLERANCE``.
    """
    _check_packages()
    if Path(path).suffix != '.onnx':
        raise InputError(f'{path} is not the name of an ONNX file: end it in .onnx')
    check_writable(Path(path).parent, None)
    # PyTorch first: Swin keeps masks from its first call, and those of the export
    # would be no tensors.
    examples = run_examples(model, config)
    names = list(examples[0].inputs)
    about = describe_inputs(model, config, names, examples[0].scores.shape[1])
    content = _convert(model, examples[1], about)
    difference = _largest_difference(content, examples)
    if not difference <= TOLERANCE:  # NaN neither
        raise InputError(
            f'{path} is not written: onnxruntime and PyTorch differ by '
            f'{difference:.1e} in a score, more than {TOLERANCE:.0e}: use another '
            'version of onnxruntime, or predict with the checkpoint'
        )
    # The package's local backend renames a finished file.
    fileio.put(content, path)
    return difference


def describe_inputs(
    model: nn.Module, config: Config, names: Sequence[str], num_classes: int
) -> dict[str, Any]:
    """What a program needs to know to feed the graph.

    Args:
        model (nn.Module): A recognizer.
        config (Config): Its config.
        names (Sequence[str]): The M modalities that it takes.
        num_classes (int): Classes K.

    Returns:
        dict: ``version`` of this package; ``classes``, K names; ``modalities``, M names
        in the order of ``present``, each with the config of its preprocessor (``mean``
        and ``std`` of the channels in grey levels); ``pipeline``, the steps of the test
        pipeline, with sampling and sizes.
    """
    preprocessors = config.model.data_preprocessor.preprocessors
    return dict(
        version=__version__,
        classes=class_names(model, num_classes),
        modalities={name: preprocessors[name] for name in names},
        pipeline=config.test_dataloader.dataset.pipeline,
    )


@torch.no_grad()
def run_examples(model: nn.Module, config: Config) -> list[Example]:
    """Three batches of noise with the scores that PyTorch gives them.

    Args:
        model (nn.Module): A recognizer in evaluation mode, on the CPU.
        config (Config): Its config.

    Returns:
        list[Example]: Of 1, 2 and 3 samples. With M > 1 modalities each sample of the
        second batch lacks another one, those of the third lack the last one.
    """
    init_default_scope(config.default_scope)
    shapes = {name: x.shape[1:] for name, x in example_inputs(config).items()}
    names, noise = list(shapes), torch.Generator().manual_seed(0)
    examples = []
    for size in (1, 2, 3):
        present = torch.ones(size, len(names), dtype=torch.bool)
        if len(names) > 1 and size == 2:
            present[0, 0] = present[1, 1] = False
        if len(names) > 1 and size == 3:
            present[:, -1] = False
        inputs = {
            name: torch.randn(size, *shape, generator=noise)
            for name, shape in shapes.items()
        }
        samples = [
            ActionDataSample(
                metainfo=dict(
                    sample_id=f'noise {i}',
                    modalities={k: {} for k, flag in zip(names, row) if flag},
                )
            )
            for i, row in enumerate(present)
        ]
        found = model(inputs, samples, mode='predict')
        scores = torch.stack([x.pred_score for x in found])
        examples.append(Example(inputs, present, scores))
    return examples


def _check_packages() -> None:
    missing = [
        name
        for name in ('onnx', 'onnxscript', 'onnxruntime')
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise InputError(
            f'the export needs {", ".join(missing)}: pip install '
            'onnx onnxscript onnxruntime, or mmbimodal with its extra "export"'
        )
    if not hasattr(torch.compiler, 'is_exporting'):
        raise InputError(
            f'the export needs PyTorch 2.7 or later, this is {torch.__version__}: '
            'install a later one'
        )


def _convert(model: nn.Module, example: Example, about: Mapping[str, Any]) -> bytes:
    """The content of the file."""
    batch = torch.export.Dim('batch')
    feed: dict[str, Any] = dict(inputs=example.inputs)
    shapes: dict[str, Any] = dict(inputs={name: {0: batch} for name in example.inputs})
    names = list(example.inputs)
    if len(names) > 1:
        feed[PRESENT], shapes[PRESENT] = example.present, {0: batch}
        names.append(PRESENT)
    try:
        # The saved-tensor hooks of activation checkpointing would stop the export.
        with torch.no_grad():
            # By itself torch.onnx.export would also try a graph of one batch size.
            graph = torch.export.export(
                Probabilities(model).eval(), (), kwargs=feed, dynamic_shapes=shapes
            )
            program = torch.onnx.export(
                graph,
                dynamic_shapes=shapes,
                input_names=names,
                output_names=['scores'],
                dynamo=True,
                verbose=False,
            )
    except Exception as error:
        raise InputError(_reason(error)) from error
    assert program is not None
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()  # paths of this machine
    program.model.metadata_props[METADATA] = json.dumps(about)
    return program.model_proto.SerializeToString()


def _reason(error: BaseException) -> str:
    """What stops an export, in a sentence; the innermost error knows it."""
    root = error
    inner: BaseException | None = error
    while inner is not None:
        lacking = re.search(
            r"No ONNX function found for <OpOverload\(op='([\w.]+)', "
            r"overload='(\w+)'\)>",
            str(inner),
        )
        if lacking:
            return (
                f'ONNX has no operator for {".".join(lacking.groups())}, which the '
                'model computes: predict with the checkpoint, or use another module'
            )
        root, inner = inner, inner.__cause__ or inner.__context__
    return (
        f'the model cannot be traced as one graph ({str(root).strip().splitlines()[0]}'
        '): predict with the checkpoint, or use another module'
    )


def _largest_difference(content: bytes, examples: Sequence[Example]) -> float:
    """Between the scores of onnxruntime and those of PyTorch."""
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=['CPUExecutionProvider'])
    differences = []
    for example in examples:
        feed = {name: x.numpy() for name, x in example.inputs.items()}
        if len(feed) > 1:
            feed[PRESENT] = example.present.numpy()
        [scores] = session.run(None, feed)
        differences.append(np.abs(scores - example.scores.numpy()).max())
    return float(np.max(differences))
