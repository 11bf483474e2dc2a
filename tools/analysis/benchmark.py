"""STAF beside the two-branch TimeSformer of MMAction2's own modules.

Latency of a prediction, a training step, peak memory, FLOPs and milliseconds
per stage, of models that compute the same, step by step in turn in one process.
Rows "off" are measured with MMBIMODAL_ONEDNN_LINEAR=0, the switch of the oneDNN
product in mmbimodal/models/layers/linear.py.

    benchmark.py                       # the paper's size, one pair, on a CPU
    benchmark.py --size synth --batch 16
    benchmark.py --device cuda --batch 8 --amp
    benchmark.py --growth growth.png   # cost against the size of a sample
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
MODELS = ('baselines/timesformer_{}.py', 'staf_{}.py')
SIZES = dict(paper='infar', synth='synth')
NAMES = dict(a="two branches of MMAction2's TimeSformer", d='STAF')


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('--device', choices=('cpu', 'cuda'), default='cpu', help='default: cpu')
    add('--batch', type=int, default=1, metavar='N', help='pairs in a step; default: 1')
    add('--amp', action='store_true', help='mixed precision')
    add(
        '--size',
        choices=SIZES,
        default='paper',
        help='paper: 2x8x224^2 and ViT-B with 10 layers (default); synth: the '
        'size of the generated pairs',
    )
    add('--repeats', type=int, default=5, metavar='N', help='rounds; default: 5')
    add('--threads', type=int, metavar='N', help="default: PyTorch's own choice")
    add(
        '--growth',
        metavar='PNG',
        help='instead: cost of a prediction against frames, resolution, modalities '
        'and kept share, as a table and a chart',
    )
    add('--json', metavar='FILE', help='write all figures')
    add('--markdown', action='store_true', help='print Markdown tables')
    args = parser.parse_args(argv)
    for name in ('batch', 'repeats', 'threads'):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            parser.error(f'--{name}: give 1 or more')
    return args


def compare_tables(found: dict, own_stages: Sequence[str]) -> list[list[list[str]]]:
    """Time, then memory and FLOPs, then the stages of STAF.

    Ratios are to the better of both ways to run MMAction2's branches.
    """
    models, modes = found['models'], ('inference', 'training')
    ratios = ['inference', 'ratio', 'training step', 'ratio']
    times = [['seconds', *ratios, 'of the peak']]
    costs = [['peak memory, MB', *ratios, 'GFLOPs', 'ratio']]

    def ratio(model: dict, value: Callable[[dict], float | None]) -> str:
        values = [value(x) for x in (model, models['a1'], models['a2'])]
        known = [x for x in values if x is not None]
        return f'{known[0] / min(known[1:]):.2f}' if len(known) == 3 else '?'

    for key, model in models.items():
        times.append([key])
        costs.append([key])
        for mode in modes:
            low, median, high = model[mode]
            times[-1].append(f'{median:.3g} ({low:.3g}-{high:.3g})')
            times[-1].append(ratio(model, lambda x: x[mode][1]))
            size = model['memory'][mode]
            costs[-1].append('?' if size is None else f'{size / 1e6:.0f}')
            costs[-1].append(ratio(model, lambda x: x['memory'][mode]))
        share = model['flops'] / model['inference'][1] / found['peak']
        times[-1].append(f'{share:.0%}')
        costs[-1].append(f'{model["flops"] / 1e9:.2f}')
        costs[-1].append(ratio(model, lambda x: x['flops']))

    stages = [['stage of d']]
    parts = {name: [name] for name in next(iter(found['stages'].values()))}
    parts["STAF's own together"] = list(own_stages)
    stages += [[name] for name in parts]
    for mode, spent in found['stages'].items():
        stages[0] += [f'{mode}, ms', 'share']
        for row, names in zip(stages[1:], parts.values()):
            part = sum(spent[x] for x in names)
            row += [f'{part:.3g}', f'{part / sum(spent.values()):.1%}']
    return [times, costs, stages]


def growth_table(growth: dict[str, list[dict]]) -> list[list[str]]:
    """Head and one row per size."""
    table = [['', 'GFLOPs (a)', 'GFLOPs (d)', 's (a)', 's (d)', 'time d/a']]
    for quantity, points in growth.items():
        for point in points:
            flops, times = point['flops'], point['seconds']
            row = [f'{quantity} {point["value"]:g}']
            row += [f'{flops[x] / 1e9:.4g}' if x in flops else '' for x in 'ad']
            row += [f'{times[x]:.4g}' if x in times else '' for x in 'ad']
            row += [f'{times["d"] / times["a"]:.2f}' if 'a' in times else '']
            table.append(row)
    return table


def main(args: argparse.Namespace) -> None:
    # A mistake in the arguments is answered before these seconds of imports.
    import torch
    from mmengine.config import Config

    from mmbimodal.apis import (
        benchmark,
        benchmark_runs,
        describe_machine,
        one_sentence,
    )
    from mmbimodal.datasets.annotation import write_text
    from mmbimodal.models.layers import linear
    from mmbimodal.visualization import growth_figure, print_table, save_png

    if args.device == 'cuda' and not torch.cuda.is_available():
        sys.exit('error: --device cuda, but PyTorch sees no GPU: use --device cpu')
    if args.threads:
        torch.set_num_threads(args.threads)
    names = [x.format(SIZES[args.size]) for x in MODELS]
    settings = benchmark_runs.Settings(
        tuple(Config.fromfile(CONFIGS / x) for x in names),
        args.batch,
        args.device,
        args.amp,
        args.repeats,
        partial(setattr, linear, 'USE_ONEDNN') if linear.USE_ONEDNN else None,
    )
    machine = describe_machine(args.device)
    with one_sentence():
        if args.growth:
            found: dict[str, Any] = dict(growth=benchmark_runs.grow(settings))
            tables = [growth_table(found['growth'])]
            save_png(growth_figure(found['growth'], NAMES), args.growth)
        else:
            found = benchmark_runs.compare(settings)
            tables = compare_tables(found, benchmark.OWN_STAGES)
    found = dict(found, machine=machine, command=' '.join(sys.argv))
    print(machine)
    if not args.growth:
        for key, model in found['models'].items():
            print(f'{key}: {model["name"]}')
    for table in tables:
        print_table(table, args.markdown)
    if args.json:
        write_text(args.json, json.dumps(found, indent=1))


if __name__ == '__main__':
    main(parse_args())
