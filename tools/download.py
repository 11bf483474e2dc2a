"""Download released models, and the weights that full-size configs start from.

    download.py staf_synth timesformer_k400 --dest DIR
    download.py --list

Every file is verified by its sha256; started again, a download goes on where it was
cut. Without --dest files go where the tools look for them: models to MMBIMODAL_HOME,
the weights that full-size configs start from to TORCH_HOME. MMBIMODAL_MIRROR is a URL
or a folder to take them from instead.
"""

import argparse
from pathlib import Path


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('names', nargs='*', metavar='NAME', help='entries of the index')
    parser.add_argument(
        '--dest',
        type=Path,
        metavar='DIR',
        help='folder for the weights and, of a model, its config',
    )
    parser.add_argument('--list', action='store_true', help='print the names')
    args = parser.parse_args()
    if bool(args.names) == args.list:
        parser.error('give names of models, or --list')
    return args


def main(args: argparse.Namespace) -> None:
    from mmengine.config import Config

    from mmbimodal.apis import fetch_weights, find_config, list_models
    from mmbimodal.apis.zoo import index_root, read_index

    if args.list:
        for name, entry in read_index(index_root()).items():
            print(f'{name:28} {entry["Weights"]}')
    for name in args.names:
        print(fetch_weights(name, args.dest))
        if args.dest and name in list_models():
            config = args.dest / f'{name}.py'
            Config.fromfile(find_config(name)).dump(config)
            print(config)


if __name__ == '__main__':
    arguments = parse_args()
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
