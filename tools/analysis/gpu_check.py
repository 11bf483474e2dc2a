"""Does everything run on this GPU? Five minutes, at the paper's size.

Training steps in mixed precision, the scores of the GPU beside those of the
CPU, peak memory, torch.compile, two training processes on one card, and the
table of ``benchmark.py``. Exit status 1 where a check fails.

    gpu_check.py
    gpu_check.py --batch 2 --skip-benchmark     # a small card
"""

import argparse
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mmengine.optim import OptimWrapper
    from torch import Tensor, nn

    from mmbimodal.apis.benchmark import Steps
    from mmbimodal.apis.benchmark_models import Variant

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / 'configs'
STEPS = 3
# The scale of the loss starts at 65536 and is halved after an overflow of float16.
MAX_ATTEMPTS = 32


class CheckFailed(Exception):
    """What is wrong, in one sentence."""


class Task(NamedTuple):
    """What is checked.

    Args:
        variant (Variant): STAF.
        device (str): ``'cuda'``; the tests use ``'cpu'``.
        batch (int): Pairs in a step.
        backend (str): Of ``torch.compile``.
    """

    variant: 'Variant'
    device: str
    batch: int
    backend: str = 'inductor'

    def build(self) -> 'Steps':
        """The untrained model in float32, and its batch."""
        from mmbimodal.apis import benchmark, benchmark_models

        model = benchmark_models.build_model(self.variant, self.device)
        inputs = benchmark_models.make_inputs(self.variant, self.batch, self.device)
        return benchmark.Steps(self.variant, model, inputs, amp=False)


def train(steps: 'Steps', model: 'nn.Module', optimizer: dict) -> list[float]:
    """Losses of three training steps in mixed precision.

    A step whose gradients overflow float16 changes no weight, so it is repeated
    with the smaller scale that the optimizer takes after it.
    """
    from mmengine.optim import build_optim_wrapper

    wrapper = build_optim_wrapper(
        model, dict(type='AmpOptimWrapper', optimizer=dict(optimizer))
    )
    model.train()
    losses: list[float] = []
    for _ in range(MAX_ATTEMPTS):
        with wrapper.optim_context(model):
            found = model(steps.inputs, steps.samples, mode='loss')
        total, _ = steps.model.parse_losses(found)
        scale = loss_scale(wrapper)
        wrapper.update_params(total)
        if not math.isfinite(total.item()):
            raise CheckFailed(f'the loss is {total.item()}')
        if loss_scale(wrapper) >= scale:
            losses.append(total.item())
        if len(losses) == STEPS:
            return losses
    raise CheckFailed(f'gradients overflow in {MAX_ATTEMPTS - len(losses)} steps')


def loss_scale(wrapper: 'OptimWrapper') -> float:
    """What the loss is multiplied by; bfloat16, on the CPU, needs no scale."""
    scaler = getattr(wrapper, 'loss_scaler', None)
    return 1.0 if scaler is None else scaler.get_scale()


def check_training(task: Task) -> str:
    """Finite losses, and the weights move."""
    steps = task.build()
    before = {name: x.clone() for name, x in steps.model.named_parameters()}
    losses = train(steps, steps.model, task.variant.optimizer)
    moved = [x.ne(before[name]).any() for name, x in steps.model.named_parameters()]
    if not any(moved):
        raise CheckFailed('no weight moved')
    text = ', '.join(f'{x:.3f}' for x in losses)
    return f'losses {text}; {int(sum(moved))} of {len(moved)} weights moved'


def check_scores(task: Task) -> str:
    """Logits in float32 are those of the CPU."""
    small = task._replace(batch=1)
    expected = small._replace(device='cpu').build().predict()
    return compare(small.build().predict(), expected)


def compare(found: 'Tensor', expected: 'Tensor', tolerance: float = 1e-3) -> str:
    """Largest difference of two sets of logits."""
    difference = (found.cpu() - expected.cpu()).abs().max().item()
    if not difference <= tolerance:
        raise CheckFailed(f'the logits differ by {difference:.2g}')
    return f'largest difference {difference:.1e}'


def check_memory(task: Task) -> str:
    """Peak memory of a prediction and of a training step."""
    from mmbimodal.apis.benchmark import peak_memory

    steps = task.build()
    parts = []
    for name, step in (('prediction', steps.predict), ('training', steps.learn)):
        size = peak_memory(step, task.device)
        parts.append(f'{name} {"?" if size is None else f"{size / 1e9:.2f} GB"}')
    return f'{task.batch} pairs in float32: ' + ', '.join(parts)


def check_compile(task: Task) -> str:
    """One graph, and the same logits."""
    import torch

    steps = task.build()
    expected = steps.predict()
    compiled = torch.compile(steps.model, fullgraph=True, backend=task.backend)
    with torch.no_grad():
        return compare(compiled(steps.inputs, stage='head'), expected)


def check_two_processes(task: Task) -> str:
    """After three steps both processes hold the same weights."""
    import torch
    from torch import multiprocessing as mp

    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(_train_in_process, (task, folder), nprocs=2)
        sums = [torch.load(Path(folder) / f'{i}.pth') for i in range(2)]
    if not sums[0].equal(sums[1]):
        raise CheckFailed('the weights of the two processes differ')
    return f'{len(sums[0])} tensors agree'


def _train_in_process(rank: int, task: Task, folder: str) -> None:
    import torch
    from torch import distributed
    from torch.nn.parallel import DistributedDataParallel

    # NCCL refuses two processes on one card; gloo takes its tensors.
    store = f'file://{folder}/store'
    distributed.init_process_group('gloo', store, rank=rank, world_size=2)
    steps = task.build()
    # different data in each process
    steps.inputs = {name: x + rank for name, x in steps.inputs.items()}
    model = DistributedDataParallel(steps.model)
    train(steps, model, task.variant.optimizer)
    sums = torch.stack([x.detach().double().sum() for x in model.parameters()])
    torch.save(sums.cpu(), Path(folder) / f'{rank}.pth')
    # The model goes before the group, whose end could wait for itself otherwise.
    del model
    distributed.destroy_process_group()


def check_benchmark(task: Task) -> str:
    """The table of ``benchmark.py`` on this card."""
    command = [sys.executable, str(ROOT / 'tools' / 'analysis' / 'benchmark.py')]
    options = ['--device', task.device, '--batch', str(task.batch), '--amp']
    result = subprocess.run(
        [*command, *options, '--repeats', '3'], capture_output=True, text=True
    )
    if result.returncode:
        raise CheckFailed(result.stderr.strip().splitlines()[-1])
    return '\n' + result.stdout.rstrip()


CHECKS: dict[str, Callable[[Task], str]] = {
    'training in mixed precision': check_training,
    'scores as on the CPU': check_scores,
    'peak memory': check_memory,
    'torch.compile': check_compile,
    'two processes on one card': check_two_processes,
    'benchmark': check_benchmark,
}


def run_checks(task: Task, names: list[str]) -> int:
    """Run and print checks.

    Returns:
        int: How many failed.
    """
    import torch

    failed = 0
    for name in names:
        start = time.perf_counter()
        try:
            verdict = f'ok, {CHECKS[name](task)}'
        # A check reports whatever goes wrong; the next one runs all the same.
        except Exception as error:
            failed += 1
            verdict = f'FAILED, {type(error).__name__}: {error}'
        print(f'{name} ({time.perf_counter() - start:.0f} s): {verdict}', flush=True)
        if task.device == 'cuda':
            torch.cuda.empty_cache()
    return failed


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--batch', type=int, default=4, help='pairs in a step; default: 4'
    )
    parser.add_argument(
        '--skip-benchmark', action='store_true', help='leave the table out'
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)

    import torch
    from mmengine.config import Config

    from mmbimodal.apis import benchmark_models, describe_machine

    if not torch.cuda.is_available():
        sys.exit(
            f'error: PyTorch {torch.__version__} sees no GPU: install a build for '
            'your card, or look at nvidia-smi'
        )
    # As exact as the CPU.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    configs = (
        Config.fromfile(CONFIGS / x)
        for x in ('baselines/timesformer_infar.py', 'staf_infar.py')
    )
    variant = benchmark_models.make_variants(*configs)['d']
    names = [x for x in CHECKS if x != 'benchmark' or not args.skip_benchmark]
    print(describe_machine('cuda'))
    sys.exit(min(run_checks(Task(variant, 'cuda', args.batch), names), 1))


if __name__ == '__main__':
    main()
