"""Time, memory and FLOPs of STAF beside the baseline it stands on."""

import copy
import gc
import math
import platform
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from mmbimodal.errors import InputError
from mmbimodal.models.weights import to_encoder_layout

# Largest difference of logits that models of the same weights may have.
TOLERANCE = 1e-3


class Variant(NamedTuple):
    """One of the models that are compared.

    Args:
        name (str): What it is, in words.
        model (dict): Its config.
        optimizer (dict): Config of its optimiser.
        one_call_each (bool): Run the shared branch once for each modality
            instead of once for all.
    """

    name: str
    model: dict
    optimizer: dict
    one_call_each: bool = False


def make_variants(
    baseline: Config, staf: Config, modalities: int = 2, **size: int
) -> dict[str, Variant]:
    """The models of the comparison, of one size.

    Args:
        baseline (Config): Feature addition over ``BimodalTimeSformer``.
        staf (Config): STAF over the same backbone.
        modalities (int): How many. Defaults to 2.
        size: ``num_frames``, ``img_size`` or ``num_layers`` of the backbone
            instead of the configs' own.

    Returns:
        dict[str, Variant]: ``a1`` and ``a2``, MMAction2's own ``TimeSformer``
        in one batch and in one call per modality; ``b``, ours with the same
        head; ``c`` and ``d``, STAF with both paths.
    """
    plain, dense, gather = (
        copy.deepcopy(x.model.to_dict()) for x in (baseline, staf, staf)
    )
    for model in (plain, dense, gather):
        model.pop('data_preprocessor')
        model['backbone'].pop('init_cfg', None)
        model['backbone'].update(size)
        names = tuple(model['backbone']['modalities'])
        model['backbone']['modalities'] = (
            names + tuple(f'modality_{i}' for i in range(3, modalities + 1))
        )[:modalities]
    dense['cls_head']['path'], gather['cls_head']['path'] = 'dense', 'gather'

    ours = plain['backbone']
    upstream = dict(
        plain,
        backbone=dict(
            type='MultiBranchBackbone',
            modalities=ours['modalities'],
            branch=dict(
                type='TimeSformer',
                num_frames=ours['num_frames'],
                img_size=ours['img_size'],
                patch_size=ours['patch_size'],
                embed_dims=ours['embed_dims'],
                num_heads=ours['num_heads'],
                num_transformer_layers=ours['num_layers'],
            ),
        ),
    )
    optimizers = [x.optim_wrapper.optimizer.to_dict() for x in (baseline, staf)]
    return dict(
        a1=Variant("MMAction2's TimeSformer, one batch", upstream, optimizers[0]),
        a2=Variant(
            "MMAction2's TimeSformer, one call per modality",
            upstream,
            optimizers[0],
            one_call_each=True,
        ),
        b=Variant('BimodalTimeSformer, features added', plain, optimizers[0]),
        c=Variant('STAF, dense', dense, optimizers[1]),
        d=Variant('STAF, gather (default)', gather, optimizers[1]),
    )


def build_model(variant: Variant, device: str) -> nn.Module:
    """The untrained model of a variant."""
    init_default_scope('mmaction')
    torch.manual_seed(0)
    model = MODELS.build(copy.deepcopy(variant.model))
    if variant.one_call_each:
        branch = model.backbone.branches['shared']
        model.backbone._calls = lambda streams: [(branch, [name]) for name in streams]
    return model.to(device)


def share_weights(models: dict[str, nn.Module]) -> None:
    """Give all models the weights of ``a1``, and ``c`` the head of ``d``.

    What starts at zero and would hide a difference is drawn at random.
    """
    source = models['a1']
    for parameter in source.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.02)
    branch = source.backbone.branches['shared'].state_dict()
    for name, model in models.items():
        if name == 'a2':
            model.load_state_dict(source.state_dict())
        elif name != 'a1':
            model.backbone.encoders['shared'].load_state_dict(to_encoder_layout(branch))
            model.cls_head.fc_cls.load_state_dict(source.cls_head.fc_cls.state_dict())
    for part in ('neck', 'cls_head'):
        getattr(models['c'], part).load_state_dict(
            getattr(models['d'], part).state_dict()
        )


def make_inputs(variant: Variant, batch: int, device: str) -> dict[str, Tensor]:
    """Noise of the size that a variant takes, B×1×3×T×H×W each."""
    backbone = variant.model['backbone']
    size = backbone.get('branch', backbone)
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.randn(
            batch,
            1,
            3,
            size['num_frames'],
            size['img_size'],
            size['img_size'],
            generator=generator,
        ).to(device)
        for name in backbone['modalities']
    }


def compare_outputs(
    models: dict[str, nn.Module], inputs: dict[str, Tensor]
) -> dict[str, float]:
    """Largest difference between the logits of models that must agree.

    Args:
        models (dict[str, nn.Module]): All variants, weights shared.
        inputs (dict[str, Tensor]): One batch.

    Returns:
        dict[str, float]: For ``a2`` and ``b`` to ``a1``, for ``d`` to ``c``.

    Raises:
        InputError: They are not the same function.
    """
    with torch.inference_mode():
        logits = {
            name: model.eval()(inputs, stage='head') for name, model in models.items()
        }
    found = {
        name: (logits[name] - logits[other]).abs().max().item()
        for name, other in (('a2', 'a1'), ('b', 'a1'), ('d', 'c'))
    }
    for name, difference in found.items():
        if not difference <= TOLERANCE:
            raise InputError(
                f'model {name} differs from its reference by '
                f'{difference:.1e} > {TOLERANCE:g} with the same weights, so '
                'their times cannot be compared: correct the configs'
            )
    return found


def autocast(device: str, amp: bool) -> AbstractContextManager:
    """Mixed precision of the device's default type, or none."""
    return torch.autocast(torch.device(device).type, enabled=amp)


def inference_step(
    model: nn.Module, inputs: dict[str, Tensor], amp: bool
) -> Callable[[], Any]:
    """A function that predicts one batch."""
    device = next(iter(inputs.values())).device.type

    def step() -> Tensor:
        model.eval()
        with torch.inference_mode(), autocast(device, amp):
            return model(inputs, stage='head')

    return step


def forward_step(
    model: nn.Module, inputs: dict[str, Tensor], amp: bool
) -> Callable[[], Any]:
    """A function that computes the losses of one batch."""
    first = next(iter(inputs.values()))
    samples = [ActionDataSample().set_gt_label(0).to(first.device) for _ in first]

    def step() -> dict[str, Tensor]:
        model.train()
        with autocast(first.device.type, amp):
            return model(inputs, samples, mode='loss')

    return step


def training_step(
    model: nn.Module, optimizer: dict, inputs: dict[str, Tensor], amp: bool
) -> Callable[[], Any]:
    """A function that learns from one batch and keeps no gradients."""
    forward = forward_step(model, inputs, amp)
    wrapper = build_optim_wrapper(
        model, dict(type='OptimWrapper', optimizer=dict(optimizer))
    )

    def step() -> None:
        wrapper.update_params(model.parse_losses(forward())[0])
        wrapper.zero_grad()

    return step


def timed(step: Callable[[], Any], device: str) -> float:
    """Seconds that a step takes."""
    synchronize(device)
    start = time.perf_counter()
    step()
    synchronize(device)
    return time.perf_counter() - start


def synchronize(device: str) -> None:
    """Wait for a GPU."""
    if torch.device(device).type == 'cuda':
        torch.cuda.synchronize()


def interleave(
    steps: dict[str, Callable[[], Any]],
    repeats: int,
    device: str,
    tick: Callable[[], Any],
) -> dict[str, list[float]]:
    """Times of A B C A B C …, after one round that does not count.

    Args:
        steps (dict[str, Callable]): What is timed.
        repeats (int): Rounds.
        device (str): Where.
        tick (Callable): Called after each step.

    Returns:
        dict[str, list[float]]: Seconds.
    """
    times: dict[str, list[float]] = {name: [] for name in steps}
    gc.collect()
    for _ in range(1 + repeats):
        for name, step in steps.items():
            times[name].append(timed(step, device))
            tick()
    return {name: values[1:] for name, values in times.items()}


def matmul_peak(device: str, amp: bool) -> float:
    """Multiply-adds per second of the fastest large matrix product.

    As a product and as a 1×1 convolution, which use different libraries.
    """
    side = 8192 if torch.device(device).type == 'cuda' else 2048
    x, weight = torch.randn(2, side, side, device=device)
    pixels = x[None, None].permute(0, 3, 1, 2)
    with torch.inference_mode(), autocast(device, amp):
        best = min(
            timed(step, device)
            for _ in range(8)
            for step in (
                lambda: F.linear(x, weight),
                lambda: F.conv2d(pixels, weight[:, :, None, None], dilation=(1, 2)),
            )
        )
    return side**3 / best


def describe_machine(device: str) -> str:
    """Processor or GPU, threads and PyTorch's version."""
    name = platform.processor() or platform.machine()
    if torch.device(device).type == 'cuda':
        name = torch.cuda.get_device_name(device)
    elif Path('/proc/cpuinfo').is_file():
        for line in Path('/proc/cpuinfo').read_text().splitlines():
            if line.startswith('model name'):
                name = line.partition(':')[2].strip()
    return (
        f'{name}, {torch.get_num_threads()} threads, '
        f'{torch.backends.cpu.get_cpu_capability()}, '
        f'torch {torch.__version__}'
    )


def quartiles(values: Sequence[float]) -> list[float]:
    """First quartile, median, third quartile."""
    if not values:
        return [math.nan] * 3
    return (
        torch.tensor(values, dtype=torch.float64)
        .quantile(torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64))
        .tolist()
    )
