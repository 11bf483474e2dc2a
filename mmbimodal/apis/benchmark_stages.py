"""Where the time of STAF goes."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from torch import nn

from mmbimodal.models.layers import timesformer_encoder

from .benchmark import synchronize

# The layer's parts by the names that the authors' release gives them.
PARTS = dict(
    temporal_norm1='temporal attention',
    temporal_attn='temporal attention',
    temporal_fc='temporal attention',
    norm1='spatial attention',
    attn='spatial attention',
    norm2='MLP',
    mlp='MLP',
)
STAGES = (
    'patch embedding',
    'temporal attention',
    'spatial attention',
    'MLP',
    'attention product',
    'selection',
    'fusion',
    'loss',
    'rest',
)
# What STAF adds to its baseline.
OWN_STAGES = ('attention product', 'selection', 'fusion')


class Stopwatch:
    """Time of each stage, a stage inside another one counted once.

    Args:
        device (str): Where the model runs.
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self.seconds: Counter = Counter()
        self._open: list[str] = ['rest']
        self._since = time.perf_counter()

    def _lap(self) -> None:
        synchronize(self.device)
        now = time.perf_counter()
        self.seconds[self._open[-1]] += now - self._since
        self._since = now

    def start(self, stage: str) -> None:
        """A stage begins inside the present one."""
        self._lap()
        self._open.append(stage)

    def stop(self) -> None:
        """The present stage ends."""
        self._lap()
        self._open.pop()

    def wrap(self, function: Callable, stage: str) -> Callable:
        """The same function, as a stage."""

        def call(*args: Any, **kwargs: Any) -> Any:
            self.start(stage)
            try:
                return function(*args, **kwargs)
            finally:
                self.stop()

        return call


@contextmanager
def _watch(model: nn.Module, watch: Stopwatch) -> Iterator[None]:
    """Have the stages of a model call the watch."""
    stages = [(model.neck, 'selection')]
    for encoder in model.backbone.encoders.values():
        stages.append((encoder.patch_embed, 'patch embedding'))
        stages += [
            (getattr(block, name), stage)
            for block in encoder.blocks
            for name, stage in PARTS.items()
        ]
    head = model.cls_head
    stages += [(x, 'loss') for x in (head.loss_cls, head.loss_distill)]
    hooks = []
    for module, stage in stages:
        hooks += [
            module.register_forward_pre_hook(
                lambda *_, stage=stage: watch.start(stage)
            ),
            module.register_forward_hook(lambda *_: watch.stop()),
        ]
    product = watch.wrap(timesformer_encoder.attention_product, 'attention product')
    try:
        with (
            patch.object(timesformer_encoder, 'attention_product', product),
            patch.object(head, 'forward', watch.wrap(head.forward, 'fusion')),
            patch.object(head, 'loss', watch.wrap(head.loss, 'fusion')),
        ):
            yield
    finally:
        for hook in hooks:
            hook.remove()


def time_stages(
    model: nn.Module, step: Callable[[], Any], repeats: int, device: str
) -> dict[str, float]:
    """Milliseconds per stage of a step, mean of some.

    Args:
        model (nn.Module): STAF.
        step (Callable): A forward pass of it, predicting or training.
        repeats (int): How many passes, after one that does not count.
        device (str): Where it runs.

    Returns:
        dict[str, float]: One entry for each of ``STAGES``.
    """
    step()
    watch = Stopwatch(device)
    with _watch(model, watch):
        for _ in range(repeats):
            step()
        watch.start('rest')  # closes the last lap
    return {stage: 1e3 * watch.seconds[stage] / repeats for stage in STAGES}
