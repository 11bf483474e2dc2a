"""Measurements of the benchmark: a comparison, and growth with the input."""

import copy
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from mmengine.config import Config

from . import benchmark as bench
from .benchmark_models import Variant, build_model, make_inputs, make_variants
from .complexity import count_flops

# What is varied, and how it is called in make_variants.
GROWTH = dict(
    frames=('num_frames', (4, 8, 16, 32)),
    resolution=('img_size', (112, 224, 336, 448)),
    modalities=('modalities', (1, 2, 3)),
)
KEPT_SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)


class Settings(NamedTuple):
    """Settings of a measurement.

    Args:
        configs (tuple[Config, Config]): Baseline and STAF.
        batch (int): Samples B of a step.
        device (str): Where the models run.
        amp (bool): Mixed precision.
        rounds (int): Measurements of each step.
        switch (Callable, optional): Turns the oneDNN product of the linear
            layers on and off; :func:`compare` then measures ``b`` and ``d``
            without it as well.
    """

    configs: tuple[Config, Config]
    batch: int
    device: str
    amp: bool
    rounds: int
    switch: Callable[[bool], None] | None = None


def compare(settings: Settings) -> dict:
    """Cost of STAF and of its baseline.

    Returns:
        dict: For each of the ``models`` its ``name``, ``flops``
        (multiply-adds), ``memory`` (bytes), and quartiles of the seconds of
        ``inference`` and ``training``; milliseconds of STAF's ``stages``;
        ``peak`` of the machine in multiply-adds per second.
    """
    configs, batch, device, amp, rounds, switch = settings
    variants = make_variants(*configs)
    if switch:
        for key in ('b', 'd'):
            name = f'{key} without the oneDNN product'
            variants[f'{key} off'] = variants[key]._replace(name=name)
    inputs = make_inputs(variants['d'], batch, device)
    steps: dict[str, bench.Steps] = {}
    memory = {}
    for key in bench.show_progress(variants, 'memory'):
        before = partial(switch, not key.endswith('off')) if switch else lambda: None
        same = steps.get(key.removesuffix(' off'))
        model = same.model if same else build_model(variants[key], device)
        steps[key] = bench.Steps(variants[key], model, inputs, amp, before)
        memory[key] = dict(
            inference=bench.peak_memory(steps[key].predict, device),
            training=bench.peak_memory(steps[key].learn, device),
        )
    flops = {key: _flops(x) for key, x in steps.items()}
    times = {
        mode: bench.time_in_turn(
            {key: getattr(x, step) for key, x in steps.items()}, rounds, mode
        )
        for mode, step in (('inference', 'predict'), ('training', 'learn'))
    }
    staf = steps['d']
    passes = {'inference': staf.predict, 'training forward': staf.losses}
    return dict(
        batch=batch,
        amp=amp,
        peak=bench.matmul_peak(device, amp),
        stages={
            mode: bench.time_stages(staf.model, step, min(rounds, 3))
            for mode, step in passes.items()
        },
        models={
            key: dict(
                name=variant.name,
                flops=flops[key],
                memory=memory[key],
                **{
                    mode: np.percentile(found[key], (25, 50, 75)).tolist()
                    for mode, found in times.items()
                },
            )
            for key, variant in variants.items()
        },
    )


def grow(settings: Settings) -> dict[str, list[dict]]:
    """Cost of a prediction by ``a1`` (a) and ``d`` against each quantity.

    Returns:
        dict[str, list[dict]]: For each quantity its points, with ``value``
        and, for each model, ``flops`` (multiply-adds) and ``seconds``.
    """
    cases: list[tuple[str, float, dict[str, Variant]]] = []
    for quantity, (option, values) in GROWTH.items():
        for size in values:
            variants = make_variants(*settings.configs, **{option: size})
            cases.append((quantity, size, dict(a=variants['a1'], d=variants['d'])))
    for share in KEPT_SHARES:
        variant = copy.deepcopy(make_variants(*settings.configs)['d'])
        # of every frame, so that 1 is everything
        variant.model['neck'].update(k1=1.0, k2=0.0, r1=share)
        cases.append(('kept share', share, dict(d=variant)))
    growth: dict[str, list[dict]] = {}
    known: dict[str, dict] = {}
    for quantity, value, variants in bench.show_progress(cases, 'sizes'):
        # The size in the middle is the same for all quantities.
        key = repr(variants)
        known[key] = known.get(key) or _cost(variants, settings)
        growth.setdefault(quantity, []).append(dict(known[key], value=value))
    return growth


def _cost(variants: dict[str, Variant], settings: Settings) -> dict[str, dict]:
    """FLOPs and median seconds of a prediction by each model."""
    _, batch, device, amp, rounds, _ = settings
    steps = {
        key: bench.Steps(x, build_model(x, device), make_inputs(x, batch, device), amp)
        for key, x in variants.items()
    }
    return dict(
        flops={key: _flops(x) for key, x in steps.items()},
        seconds={
            key: float(np.median([bench.seconds(x.predict) for _ in range(rounds)]))
            for key, x in steps.items()
        },
    )


def _flops(steps: bench.Steps) -> int:
    """Multiply-adds of a batch, which grow with it exactly."""
    one = {name: x[:1] for name, x in steps.inputs.items()}
    batch = len(next(iter(steps.inputs.values())))
    return batch * count_flops(steps.model.eval(), one)
