"""FLOPs and parameters of a model with several inputs."""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _model import add_cfg_options


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file, or name of a model')
    parser.add_argument(
        '--stage',
        choices=['backbone', 'head'],
        default='head',
        help='count the backbone only, or the whole model (default)',
    )
    parser.add_argument('--json', action='store_true', help='print JSON')
    add_cfg_options(parser)
    args = parser.parse_args()

    from mmbimodal.apis import (
        find_config,
        get_complexity,
        load_config,
        one_sentence,
    )

    with one_sentence():
        config = load_config(find_config(args.config), args.cfg_options)
        cost = get_complexity(config, args.stage)
    if args.json:
        print(json.dumps(dict(config=args.config, stage=args.stage, **cost)))
    else:
        print(
            f'{args.config} ({args.stage}): {cost["flops"] / 1e9:.2f} '
            f'GFLOPs (multiply-adds), {cost["params"] / 1e6:.2f} M '
            'parameters'
        )


if __name__ == '__main__':
    main()
