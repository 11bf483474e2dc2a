"""Cost columns of Table 1: what our configs build, beside the paper's."""

import argparse
import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
# Counting: multiply-adds of one sample (224x224, both modalities). For the
# comparisons the backbone without fusion and head, with batch norm in
# training mode, as the paper's numbers turn out to be counted; for STAF, which
# is more than a backbone, the whole model.
PASSES = (
    "the paper's figure is one pass of 16 frames; ours are two passes "
    'of 8, one for each modality'
)


class Row(NamedTuple):
    """A row of Table 1.

    Args:
        name (str): As in the paper.
        config (str): Ours, under ``configs/``.
        flops (float): The paper's, in 10⁹ multiply-adds.
        params (float): The paper's, in 10⁶.
        why (str): What explains a deviation of more than 2 %.
        options (dict): Overrides of the config.
        whole (bool): Count the whole model instead of the backbone.
    """

    name: str
    config: str
    flops: float
    params: float
    why: str = ''
    options: dict | None = None
    whole: bool = False


ROWS = (
    Row('TSM', 'baselines/tsm_infar.py', 66.3, 23.5),
    Row('SlowFast', 'baselines/slowfast_infar.py', 48.8, 61.9),
    Row('CSN', 'baselines/csn_infar.py', 42.7, 32.2),
    Row('TANet', 'baselines/tanet_infar.py', 126, 89.8),
    Row('VideoFocalNets', 'baselines/videofocalnet_infar.py', 221, 157),
    Row('VideoSwin', 'baselines/videoswin_infar.py', 302, 196, PASSES),
    Row('MViT', 'baselines/mvit_infar.py', 362, 213, PASSES),
    Row('TimeSformer', 'baselines/timesformer_infar.py', 327, 101),
    Row(
        'Hiera',
        'baselines/hiera_infar.py',
        203,
        115,
        'no published Hiera has both figures; two passes of 16 frames of '
        'Hiera-B have the FLOPs',
    ),
    Row(
        'STAF',
        'staf_infar.py',
        360,
        109,
        "path='gather' does not compute what the selection drops",
        whole=True,
    ),
)
DENSE = Row(
    "STAF, path='dense'",
    'staf_infar.py',
    360,
    109,
    'every token goes through the fusion layers, and the paper does '
    'not say what of them it counts; its figure lies between both '
    'paths',
    options={'model.cls_head.path': 'dense'},
    whole=True,
)


def count(row: Row) -> dict[str, float]:
    """What our config costs, in the paper's units.

    Args:
        row (Row): A row of Table 1.

    Returns:
        dict[str, float]: ``flops`` (10⁹) and ``params`` (10⁶).
    """
    from mmengine.config import Config

    from mmbimodal.apis import get_complexity

    config = Config.fromfile(str(CONFIGS / row.config))
    config.merge_from_dict(row.options or {})
    logging.disable(logging.INFO)  # TANet says how it initialises each layer
    try:
        cost = get_complexity(
            config, stage='head' if row.whole else 'backbone', train_mode=not row.whole
        )
    finally:
        logging.disable(logging.NOTSET)
    return dict(flops=cost['flops'] / 1e9, params=cost['params'] / 1e6)


def deviation(found: float, published: float) -> str:
    """Relative to the paper, in per cent."""
    return f'{100 * (found / published - 1):+.1f} %'


def cells(row: Row, cost: dict[str, float]) -> list[str]:
    """One line of the table.

    A deviation of more than 2 % that nothing explains is marked.
    """
    large = any(
        abs(cost[key] / getattr(row, key) - 1) > 0.02 for key in ('flops', 'params')
    )
    return [
        row.name,
        f'{cost["flops"]:.2f}',
        f'{row.flops:g}',
        deviation(cost['flops'], row.flops),
        f'{cost["params"]:.2f}',
        f'{row.params:g}',
        deviation(cost['params'], row.params),
        (row.why or 'NOT EXPLAINED') if large else '',
    ]


HEADER = ['', 'GFLOPs', 'paper', 'deviation', 'M params', 'paper', 'deviation', 'why']


def plain_lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Cells under each other."""
    for row in rows:
        yield '{:19}{:>9}{:>7}{:>10}{:>10}{:>7}{:>10}  {}'.format(*row).rstrip()


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--markdown', action='store_true', help='print a Markdown table'
    )
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from mmbimodal.visualization import markdown_lines

    # a row takes seconds, and is shown when it is there
    rows = chain([HEADER], (cells(x, count(x)) for x in (*ROWS, DENSE)))
    lines = markdown_lines if args.markdown else plain_lines
    for line in lines(rows):
        print(line, flush=True)
    print(
        '\nmultiply-adds of one sample of two 224x224 modalities; backbone '
        'only, batch norm in\ntraining mode; STAF: whole model, evaluation '
        'mode'
    )


if __name__ == '__main__':
    arguments = parse_args()
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
