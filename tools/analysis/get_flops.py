"""FLOPs and parameters of a model with several inputs."""

import argparse
import json

from mmengine.config import Config, DictAction

from mmbimodal.apis import get_complexity, one_sentence


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--stage',
        choices=['backbone', 'head'],
        default='head',
        help='count the backbone only, or the whole model (default)',
    )
    parser.add_argument('--json', action='store_true', help='print JSON')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        default={},
        help='override settings of the config, key=value',
    )
    args = parser.parse_args()

    with one_sentence():
        config = Config.fromfile(args.config)
        config.merge_from_dict(args.cfg_options)
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
