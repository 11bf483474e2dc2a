"""Time, stages and peak memory of a model's steps."""

import ctypes
import gc
import re
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from mmaction.structures import ActionDataSample
from mmengine.optim import build_optim_wrapper
from rich.console import Console
from rich.progress import track
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile, record_function
from torch.utils.benchmark import Timer

from .benchmark_models import Variant

# Parts of an encoder layer by the names that the authors' release gives them.
LAYER_STAGES = dict(
    temporal_norm1='temporal attention',
    temporal_attn='temporal attention',
    temporal_fc='temporal attention',
    norm1='spatial attention',
    attn='spatial attention',
    norm2='MLP',
    mlp='MLP',
)
# What STAF adds to its baseline.
OWN_STAGES = ('attention product', 'selection', 'fusion')
STAGES = (
    'patch embedding',
    *dict.fromkeys(LAYER_STAGES.values()),
    *OWN_STAGES,
    'loss',
    'rest',
)

Step = Callable[[], Any]
show_progress = partial(track, console=Console(stderr=True))


class Steps:
    """What a variant's model does with one batch.

    Args:
        variant (Variant): Says which optimizer.
        model (nn.Module): The variant's model.
        inputs (dict[str, Tensor]): One batch, B×1×3×T×H×W each.
        amp (bool): Mixed precision of the device's default type.
        before (Callable): Called before each step.
    """

    def __init__(
        self,
        variant: Variant,
        model: nn.Module,
        inputs: dict[str, Tensor],
        amp: bool,
        before: Step = lambda: None,
    ) -> None:
        first = next(iter(inputs.values()))
        self.model, self.inputs, self.before = model, inputs, before
        self.samples = [
            ActionDataSample().set_gt_label(0).to(first.device) for _ in first
        ]
        self.autocast = torch.autocast(first.device.type, enabled=amp)
        self.optimizer = build_optim_wrapper(
            model, dict(type='OptimWrapper', optimizer=dict(variant.optimizer))
        )

    def predict(self) -> Tensor:
        """Logits, B×K."""
        self.before()
        self.model.eval()
        with torch.inference_mode(), self.autocast:
            return self.model(self.inputs, stage='head')

    def losses(self) -> dict[str, Tensor]:
        """The forward pass of a training step."""
        self.before()
        self.model.train()
        with self.autocast:
            return self.model(self.inputs, self.samples, mode='loss')

    def learn(self) -> None:
        """A whole training step; it keeps no gradients."""
        self.optimizer.update_params(self.model.parse_losses(self.losses())[0])
        self.optimizer.zero_grad()


def seconds(step: Step) -> float:
    """Seconds that a step takes, after one that does not count."""
    threads = torch.get_num_threads()
    timer = Timer('step()', globals=dict(step=step), num_threads=threads)
    return timer.blocked_autorange(min_run_time=1e-3).median


def time_in_turn(
    steps: dict[str, Step], rounds: int, description: str
) -> dict[str, list[float]]:
    """Seconds of steps A B C A B C …, so that a busy machine slows all alike."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for name in show_progress([*steps] * rounds, description):
        times[name].append(seconds(steps[name]))
    return times


def time_stages(model: nn.Module, step: Step, repeats: int) -> dict[str, float]:
    """Milliseconds of each of ``STAGES``, under PyTorch's profiler.

    Args:
        model (nn.Module): STAF.
        step (Callable): A forward pass of it, predicting or training.
        repeats (int): Passes whose mean is taken, after one that does not
            count.
    """
    step()
    with ExitStack() as hooks, ExitStack() as current:

        def begin(stage: str) -> None:
            if torch.cuda.is_initialized():
                torch.cuda.synchronize()
            current.close()
            current.enter_context(record_function(stage))

        for module, stage, following in _stage_modules(model):
            for register, name in (
                (module.register_forward_pre_hook, stage),
                (module.register_forward_hook, following),
            ):
                handle = register(lambda *_, name=name: begin(name))
                hooks.callback(handle.remove)
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            for _ in range(repeats):
                begin('rest')
                step()
            begin('rest')
            current.close()
    found = {x.key: x.cpu_time_total / 1e3 / repeats for x in profiler.key_averages()}
    return {stage: found.get(stage, 0.0) for stage in STAGES}


def _stage_modules(model: nn.Module) -> list[tuple[nn.Module, str, str]]:
    """Modules, the stage that each of them is, and the stage that follows."""
    head = model.cls_head
    found: list[tuple[Any, str, str]] = [
        (model.neck, 'selection', 'fusion'),
        (head.loss_cls, 'loss', 'fusion'),
        (head.loss_distill, 'loss', 'fusion'),
    ]
    for encoder in model.backbone.encoders.values():
        found.append((encoder.patch_embed, 'patch embedding', 'rest'))
        for layer in encoder.blocks:
            for name, stage in LAYER_STAGES.items():
                found.append((getattr(layer, name), stage, 'rest'))
        # Nothing else runs between the last layer and the norm.
        found.append((encoder.blocks[-1], 'rest', 'attention product'))
        found.append((encoder.norm, 'rest', 'rest'))
    return found


def peak_memory(step: Step, device: str) -> int | None:
    """By how much a step's peak exceeds what is held before it, in bytes.

    The weights, and in training the optimizer's state, are held before; the
    gradients belong to the step. On a GPU the figure is allocated memory, on
    a CPU resident memory, or None where Linux does not tell it
    (``resource.getrusage`` does not serve: its peak cannot be set back).
    """
    step()
    gc.collect()
    if torch.device(device).type == 'cuda':
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step()
        return torch.cuda.max_memory_allocated() - before
    try:
        # Free memory goes back to the system, and the peak starts anew.
        ctypes.CDLL(None).malloc_trim(0)
        Path('/proc/self/clear_refs').write_text('5')
        before = _status('VmRSS')
        step()
        return _status('VmHWM') - before
    except (OSError, AttributeError):
        return None


def _status(field: str) -> int:
    """A size of this process in bytes, as the kernel counts it."""
    text = Path('/proc/self/status').read_text()
    [kilobytes] = re.findall(rf'^{field}:\s+(\d+) kB', text, re.MULTILINE)
    return int(kilobytes) * 1024


def matmul_peak(device: str, amp: bool) -> float:
    """Multiply-adds per second of the fastest large matrix product.

    A CPU computes a product and a 1×1 convolution with different libraries.
    """
    kind = torch.device(device).type
    side = 8192 if kind == 'cuda' else 2048
    x, weight = torch.randn(2, side, side, device=device)
    pixels, kernel = x.T[None, :, :, None], weight[:, :, None, None]
    products = (
        lambda: F.linear(x, weight),
        lambda: F.conv2d(pixels, kernel, dilation=(1, 2)),
    )
    with torch.inference_mode(), torch.autocast(kind, enabled=amp):
        return side**3 / min(seconds(step) for _ in range(4) for step in products)
