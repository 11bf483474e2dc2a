"""STAF beside the two-branch TimeSformer of MMAction2's own modules.

Latency of a prediction, a training step, peak memory, FLOPs and milliseconds
per stage, of models with the same weights, step by step in turn in one
process. Outputs that must agree are compared first.

    benchmark.py                       # the paper's size, one pair, on a CPU
    benchmark.py --size synth --batch 16
    benchmark.py --device cuda --batch 8 --amp
    benchmark.py --growth growth.png   # cost against the size of a sample
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from mmbimodal.apis import one_sentence
from mmbimodal.apis.benchmark import (
    build_model,
    compare_outputs,
    describe_machine,
    forward_step,
    inference_step,
    interleave,
    make_inputs,
    make_variants,
    matmul_peak,
    quartiles,
    share_weights,
    timed,
    training_step,
)
from mmbimodal.apis.benchmark_memory import measure_memory
from mmbimodal.apis.benchmark_stages import OWN_STAGES, STAGES, time_stages
from mmbimodal.apis.complexity import count_flops
from mmbimodal.datasets.annotation import write_text
from mmbimodal.errors import InputError
from mmbimodal.visualization import growth_figure, markdown_lines, save_png

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
SIZES = dict(paper='infar', synth='synth')
# What is varied, and how it is called in make_variants.
GROWTH = dict(
    frames=('num_frames', (4, 8, 16, 32)),
    resolution=('img_size', (112, 224, 336, 448)),
    modalities=('modalities', (1, 2, 3)),
)
KEPT_SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)
# Enough for a chart, and ten minutes on two cores.
GROWTH_ROUNDS = 2
NAMES = dict(a="two branches of MMAction2's TimeSformer", d='STAF')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--device', default='cpu', help='default: cpu')
    parser.add_argument(
        '--batch',
        type=int,
        default=1,
        metavar='N',
        help='samples in a step (default: 1)',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    parser.add_argument(
        '--size',
        choices=SIZES,
        default='paper',
        help='2x8x224^2 and ViT-B with 10 layers (default), or that of the '
        'generated pairs',
    )
    parser.add_argument(
        '--repeats',
        type=int,
        default=7,
        metavar='N',
        help='rounds that count (default: 7)',
    )
    parser.add_argument(
        '--threads', type=int, metavar='N', help="default: PyTorch's own choice"
    )
    parser.add_argument(
        '--growth',
        metavar='PNG',
        help='instead: cost of a prediction against frames, resolution, '
        'modalities and kept share, as a table and a chart',
    )
    parser.add_argument('--json', metavar='FILE', help='write all figures')
    parser.add_argument('--markdown', action='store_true', help='print Markdown tables')
    return parser.parse_args()


def check(args: argparse.Namespace) -> None:
    """Refuse what this machine cannot do."""
    try:
        device = torch.device(args.device)
    except RuntimeError as error:
        raise InputError(f'--device {args.device} is no device: cpu or cuda') from error
    if device.type == 'cuda' and not torch.cuda.is_available():
        raise InputError(
            f'--device {args.device}, but PyTorch sees no GPU: use --device cpu'
        )
    for name in ('batch', 'repeats', 'threads'):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise InputError(f'--{name} {getattr(args, name)} must be at least 1')


def configs(size: str) -> list[Config]:
    """Configs of the baseline and of STAF."""
    return [
        Config.fromfile(str(CONFIGS / path.format(SIZES[size])))
        for path in ('baselines/timesformer_{}.py', 'staf_{}.py')
    ]


def compare(args: argparse.Namespace, progress: Progress) -> dict:
    """All figures of the comparison."""
    variants = make_variants(*configs(args.size))
    device, amp = args.device, args.amp
    rounds = len(variants) * (1 + args.repeats)
    task = progress.add_task('steps', total=2 * rounds + 3 * len(variants))

    def tick() -> None:
        progress.advance(task)

    memory = {}
    for key, variant in variants.items():
        memory[key] = measure_memory(
            variant, args.batch, device, amp, torch.get_num_threads()
        )
        tick()
    models = {}
    for key, variant in variants.items():
        models[key] = build_model(variant, device)
        tick()
    share_weights(models)
    inputs = make_inputs(variants['d'], args.batch, device)
    differences = compare_outputs(models, inputs)
    flops = {}
    for key, model in models.items():
        flops[key] = args.batch * count_flops(
            model, {name: x[:1] for name, x in inputs.items()}
        )
        tick()
    predict = {key: inference_step(model, inputs, amp) for key, model in models.items()}
    times = dict(inference=interleave(predict, args.repeats, device, tick))
    learn = {
        key: training_step(model, variants[key].optimizer, inputs, amp)
        for key, model in models.items()
    }
    times['training'] = interleave(learn, args.repeats, device, tick)
    stages = {
        name: time_stages(models['d'], step, min(args.repeats, 3), device)
        for name, step in (
            ('training forward', forward_step(models['d'], inputs, amp)),
            ('inference', inference_step(models['d'], inputs, amp)),
        )
    }
    return dict(
        command=' '.join(['benchmark.py', *sys.argv[1:]]),
        machine=describe_machine(device),
        batch=args.batch,
        amp=amp,
        peak=matmul_peak(device, amp),
        differences=differences,
        stages=stages,
        models={
            key: dict(
                name=variant.name,
                flops=flops[key],
                memory=memory[key],
                **{mode: quartiles(times[mode][key]) for mode in times},
            )
            for key, variant in variants.items()
        },
    )


def reference(models: dict[str, dict], value: Callable[[dict], Any]) -> Any:
    """The better one of both ways to run MMAction2's branches."""
    found = [value(models[key]) for key in ('a1', 'a2')]
    return None if None in found else min(found)


def time_table(found: dict) -> list[Sequence[str]]:
    """Seconds, median and quartiles, one row per model."""
    models = found['models']
    table = [['seconds', 'inference', 'ratio', 'training step', 'ratio', 'of the peak']]
    for key, model in models.items():
        table.append([key])
        for mode in ('inference', 'training'):
            low, median, high = model[mode]
            best = reference(models, lambda x: x[mode][1])
            table[-1] += [
                f'{median:.3g} ({low:.3g}-{high:.3g})',
                f'{median / best:.2f}',
            ]
        share = model['flops'] / model['inference'][1] / found['peak']
        table[-1].append(f'{share:.0%}')
    return table


def cost_table(found: dict) -> list[Sequence[str]]:
    """Peak memory and FLOPs, one row per model."""
    models = found['models']
    table = [
        [
            'peak memory, MB',
            'inference',
            'ratio',
            'training step',
            'ratio',
            'GFLOPs',
            'ratio',
        ]
    ]
    for key, model in models.items():
        table.append([key])
        for mode in ('inference', 'training'):
            size = model['memory'][mode]
            best = reference(models, lambda x: x['memory'][mode])
            table[-1] += (
                ['?', '?']
                if not (size and best)
                else [f'{size / 1e6:.0f}', f'{size / best:.2f}']
            )
        best = reference(models, lambda x: x['flops'])
        table[-1] += [f'{model["flops"] / 1e9:.2f}', f'{model["flops"] / best:.2f}']
    return table


def stage_table(found: dict) -> list[Sequence[str]]:
    """Header and one row per stage of d."""
    modes = ('inference', 'training forward')
    table = [['stage of d'] + [x for mode in modes for x in (f'{mode}, ms', 'share')]]
    for name, parts in [
        *((x, (x,)) for x in STAGES),
        ("STAF's own together", OWN_STAGES),
    ]:
        table.append([name])
        for mode in modes:
            times = found['stages'][mode]
            part = sum(times[x] for x in parts)
            table[-1] += [f'{part:.3g}', f'{part / sum(times.values()):.1%}']
    return table


def grow(args: argparse.Namespace, progress: Progress) -> dict:
    """Cost of a prediction against each quantity."""
    task = progress.add_task(
        'sizes', total=sum(len(x) for _, x in GROWTH.values()) + len(KEPT_SHARES)
    )
    pair = configs(args.size)
    growth: dict[str, list[dict]] = {}
    known: dict[str, dict] = {}
    for quantity, (option, values) in GROWTH.items():
        for value in values:
            variants = make_variants(*pair, **{option: value})
            chosen = {'a': variants['a1'], 'd': variants['d']}
            # The size in the middle is the same for all quantities.
            point = known.get(repr(chosen)) or cost(chosen, args)
            known[repr(chosen)] = point
            growth.setdefault(quantity, []).append(dict(point, value=value))
            progress.advance(task)
    for share in KEPT_SHARES:
        variant = make_variants(*pair)['d']
        # of every frame, so that 1 is everything
        variant.model['neck'].update(k1=1.0, k2=0.0, r1=share)
        growth.setdefault('kept share', []).append(
            dict(cost(dict(d=variant), args), value=share)
        )
        progress.advance(task)
    return dict(machine=describe_machine(args.device), growth=growth)


def cost(variants: dict[str, Any], args: argparse.Namespace) -> dict:
    """FLOPs and seconds of each model; the count is the warm-up."""
    steps, flops = {}, {}
    for key, variant in variants.items():
        model = build_model(variant, args.device).eval()
        inputs = make_inputs(variant, args.batch, args.device)
        with torch.no_grad():
            flops[key] = args.batch * count_flops(
                model, {name: x[:1] for name, x in inputs.items()}
            )
        steps[key] = inference_step(model, inputs, args.amp)
    rounds = [
        {key: timed(step, args.device) for key, step in steps.items()}
        for _ in range(min(args.repeats, GROWTH_ROUNDS))
    ]
    return dict(
        flops=flops,
        seconds={key: quartiles([x[key] for x in rounds])[1] for key in steps},
    )


def growth_table(found: dict) -> list[Sequence[str]]:
    """Header and one row per size."""
    table = [['', 'GFLOPs (a)', 'GFLOPs (d)', 's (a)', 's (d)', 'time d/a']]
    for quantity, points in found['growth'].items():
        for point in points:
            flops, seconds = point['flops'], point['seconds']
            ratio = '' if 'a' not in seconds else (f'{seconds["d"] / seconds["a"]:.2f}')
            table.append(
                [
                    f'{quantity} {point["value"]:g}',
                    *(
                        f'{x[key] / unit:.4g}' if key in x else ''
                        for x, unit in ((flops, 1e9), (seconds, 1.0))
                        for key in 'ad'
                    ),
                    ratio,
                ]
            )
    return table


def show(console: Console, table: list[Sequence[str]], markdown: bool) -> None:
    """Print a table."""
    if markdown:
        print('\n'.join(markdown_lines(table)) + '\n')
        return
    pretty = Table(*table[0])
    for row in table[1:]:
        pretty.add_row(*row)
    console.print(pretty)


def main() -> None:
    args = parse_args()
    console = Console()
    with one_sentence():
        check(args)
        if args.threads:
            torch.set_num_threads(args.threads)
        with Progress(console=Console(stderr=True)) as progress:
            found = (grow if args.growth else compare)(args, progress)
        print(found['machine'])
        if args.growth:
            show(console, growth_table(found), args.markdown)
            save_png(growth_figure(found['growth'], NAMES), args.growth)
        else:
            print(
                'largest differences of the logits: '
                + ', '.join(f'{key} {x:.1e}' for key, x in found['differences'].items())
            )
            for key, model in found['models'].items():
                print(f'{key}: {model["name"]}')
            for table in (time_table, cost_table, stage_table):
                show(console, table(found), args.markdown)
        if args.json:
            write_text(args.json, json.dumps(found, indent=1))


if __name__ == '__main__':
    main()
