"""Which models of the toolbox export to ONNX, as a table in Markdown.

    export_table.py
    export_table.py staf_synth "Table 2: TMC"

The models are those of the small configs and of the rows of Table 2, untrained. The
table has the size of each file, how far the scores of six samples of noise lie apart,
and the largest difference between the scores of PyTorch and onnxruntime; or why there
is no file.
"""

import argparse
import logging
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmengine.config import Config

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
HEADER = ('model', 'file', 'range of the scores', 'largest difference')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'models', nargs='*', metavar='NAME', help='rows of the table (default: all)'
    )
    return parser.parse_args()


def list_configs() -> Iterator[tuple[str, 'Config']]:
    """Name and config of every row."""
    from mmengine.config import Config

    from mmbimodal.experiments import load_table, merge_options

    for path in (*CONFIGS.glob('*_synth.py'), *sorted(CONFIGS.glob('*/*.py'))):
        if path.parent.name == 'skeleton' or (
            '_synth' in path.stem and path.parent.name not in ('_base_', 'experiments')
        ):
            yield path.stem, Config.fromfile(path)
    for row in load_table(CONFIGS / 'experiments', 'table2', 'synth').rows:
        if row.options:  # others are configs
            config = merge_options(Config.fromfile(CONFIGS / row.config), row.options)
            yield f'Table 2: {row.name}', config


def forget_weights(node: dict[str, Any]) -> None:
    """Weights that a part of a model starts from may not be there."""
    for key, value in node.items():
        if key == 'init_cfg' and (value or {}).get('type') == 'Pretrained':
            node[key] = None
        elif isinstance(value, dict):
            forget_weights(value)


def cells(name: str, config: 'Config') -> list[str]:
    """One row of the table."""
    import torch
    from mmaction.registry import MODELS
    from mmengine.registry import init_default_scope

    from mmbimodal.apis import export_onnx
    from mmbimodal.apis.export import run_examples
    from mmbimodal.errors import InputError

    init_default_scope(config.default_scope)
    torch.manual_seed(0)
    forget_weights(config.model)
    model = MODELS.build(config.model)
    model.init_weights()
    model.dataset_meta = {}
    model.eval()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'model.onnx')
        try:
            scores = torch.cat([x.scores for x in run_examples(model, config)])
            difference = export_onnx(model, config, path)
        except InputError as error:
            return [name, f'none: {error}', '', '']
        size = path.stat().st_size
    width = (scores.amax(dim=0) - scores.amin(dim=0)).max()
    return [name, f'{size / 1e6:.2f} MB', f'{width:.1e}', f'{difference:.1e}']


def main(args: argparse.Namespace) -> None:
    from mmbimodal.visualization import markdown_lines

    configs = dict(list_configs())
    unknown = [name for name in args.models if name not in configs]
    if unknown:
        sys.exit(
            f'error: there is no row {unknown[0]!r}: choose from {", ".join(configs)}'
        )
    logging.disable(logging.WARNING)
    warnings.simplefilter('ignore')
    rows = [cells(name, configs[name]) for name in args.models or configs]
    print('\n'.join(markdown_lines([HEADER, *rows])))


if __name__ == '__main__':
    arguments = parse_args()
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
