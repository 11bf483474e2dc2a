"""The GPU path without a GPU: training step and prediction on a fake device.

Parameters and inputs are ``FakeTensor``s of a device that has no kernels:
shapes, types and devices are followed, nothing is computed. An operation
between two devices, a value that the host has to wait for (``item()``, a mask
that decides a shape) and a copy to the CPU are faults. On a fake ``cuda``
indexing by integers is refused, hence a device of our own.

``python tests/test_configs/fake_device.py configs/staf_infar.py …`` prints a
JSON object, fault by config; ``config.py:QMFHead`` replaces neck and head by that
fusion of scores. It needs a process of its own: a device that is
registered stays.
"""

import copy
import json
import logging
import sys
import traceback
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import BaseDataElement
from shrink import batch, shrink
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.backend_registration import (
    _DummyBackendModule,
    _setup_privateuseone_for_python_backend,
)

import mmbimodal  # noqa: F401

# MMAction2's heads compute the accuracy of each batch with numpy.
ALLOWED = ('mmaction/models/heads/base.py',)


class _Backend(_DummyBackendModule):
    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.float16, torch.bfloat16]


_setup_privateuseone_for_python_backend('fake', _Backend())
DEVICE = torch.device('fake:0')


class NoCopiesToHost(TorchDispatchMode):
    """Refuses copies to the CPU but those of :data:`ALLOWED` files."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        target = kwargs.get('device')
        if func is torch.ops.aten._to_copy.default and target is not None:
            leaves = args[0].device.type == DEVICE.type != torch.device(target).type
            caller = _caller()
            if leaves and not caller.filename.endswith(ALLOWED):
                raise RuntimeError('copy to the CPU')
        return func(*args, **kwargs)


def _caller(stack=None):
    """The innermost frame that is not torch's, numpy's or this file's."""
    inner = ('/torch/', '/numpy/', __file__)
    frames = [
        x
        for x in stack or traceback.extract_stack()
        if not any(part in x.filename for part in inner)
    ]
    return frames[-1] if frames else SimpleNamespace(filename='', lineno=0, line='')


def make_mode() -> FakeTensorMode:
    """The mode of the fake tensors; what torch does not fake is replaced."""
    mode = FakeTensorMode()
    real = torch.tensor

    def tensor(data, *, device=None, **options):
        if device != DEVICE:
            return real(data, device=device, **options)
        return to_device(real(data, **options), mode)

    def new_tensor(self, data, *, dtype=None):
        return tensor(data, dtype=dtype or self.dtype, device=self.device)

    torch.tensor, FakeTensor.new_tensor = tensor, new_tensor
    # Values do not exist; MMAction2's accuracy takes any.
    FakeTensor.numpy = lambda self: np.zeros(self.shape)
    return mode


def to_device(value, mode: FakeTensorMode):
    """The same nested structure with the tensors on the fake device."""
    if isinstance(value, torch.Tensor):
        return FakeTensor(mode, value.detach().to('meta'), DEVICE)
    if isinstance(value, dict):
        return {key: to_device(x, mode) for key, x in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(to_device(x, mode) for x in value)
    if isinstance(value, BaseDataElement):
        moved = value.new()
        moved.set_data({key: to_device(x, mode) for key, x in value.items()})
        return moved
    return value


def move(module: nn.Module, mode: FakeTensorMode) -> nn.Module:
    """Put the parameters and buffers of a module on the fake device."""
    moved: dict[int, nn.Parameter] = {}
    for part in module.modules():
        for name, x in part._parameters.items():
            if x is not None and id(x) not in moved:
                fake = to_device(x, mode)
                moved[id(x)] = nn.Parameter(fake, requires_grad=x.requires_grad)
            if x is not None:
                part._parameters[name] = moved[id(x)]
        for name, x in part._buffers.items():
            if x is not None:
                part._buffers[name] = to_device(x, mode)
    return module


def fault_of(step: Callable[[], None], mode: FakeTensorMode) -> str | None:
    """Run a step on the device; its fault with the place, if it has one."""
    try:
        with mode, NoCopiesToHost():
            step()
    except Exception as error:
        place = _caller(traceback.extract_tb(error.__traceback__))
        kind = type(error).__name__
        first = str(error).partition('\n')[0][:200]
        return f'{kind}: {first} ({place.filename}:{place.lineno}: {place.line})'
    return None


def drop_modality(data: dict) -> dict:
    """The same batch, whose second sample lacks its last of several modalities."""
    samples = copy.deepcopy(data['data_samples'])
    parts = dict(samples[1].metainfo['modalities'])
    if len(parts) > 1:
        parts.popitem()
    samples[1].set_metainfo(dict(modalities=parts))
    return dict(data, data_samples=samples)


def run(config: Config, mode: FakeTensorMode) -> str | None:
    """Training steps and predictions of a shrunken config.

    With all modalities, and without one of them.
    """
    torch.manual_seed(0)
    model = MODELS.build(shrink(copy.deepcopy(config)))
    if config.model.cls_head.type == 'AMFIFusionHead':
        # It waits once a batch for what names a sample with NaN; values do not exist.
        model.cls_head._check_finite = lambda features, data_samples: None

    def batches(split: str) -> list[dict]:
        # Stacking and normalisation stay on the CPU: upstream's collation
        # reads sizes as tensors.
        data = model.data_preprocessor(batch(config, split, 3), split == 'train')
        return to_device([data, drop_modality(data)], mode)

    train, test = batches('train'), batches('test')
    move(model, mode)
    # Mixed precision asks for the kind of the device, and mmengine logs the
    # gradient's norm as a number.
    wrapper = dict(type='OptimWrapper', optimizer=config.optim_wrapper.optimizer)

    def step() -> None:
        optimizer = build_optim_wrapper(model, copy.deepcopy(wrapper))
        model.train()
        for data in train:
            total, _ = model.parse_losses(model(**data, mode='loss'))
            optimizer.update_params(total)
        model.eval()
        for data in test:
            with torch.no_grad():
                predictions = model(**data, mode='predict')
            assert all(x.pred_score.device == DEVICE for x in predictions)

    return fault_of(step, mode)


def load(argument: str) -> Config:
    """A config, or one with another head, ``config.py:Head``."""
    path, _, head = argument.partition(':')
    config = Config.fromfile(path)
    if head:
        modalities = config.train_dataloader.dataset.modalities
        config.model.neck = None
        config.model.cls_head.update(type=head, modalities=modalities)
    return config


if __name__ == '__main__':
    logging.disable(logging.INFO)
    init_default_scope('mmaction')
    mode = make_mode()
    found = {x: run(load(x), mode) for x in sys.argv[1:]}
    json.dump(found, sys.stdout)
