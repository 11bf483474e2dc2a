"""Draw the features of each branch and of the fusion by t-SNE.

    tsne.py CONFIG CKPT --out FILE

One panel for each, on the config's test set; a class keeps its colour and
marker. It works for any recogniser of this package: with a fusion of scores,
the last panel shows these.
"""

import argparse

from mmengine.config import Config, DictAction
from mmengine.runner import Runner
from rich.progress import track

from mmbimodal.apis import extract_features, init_recognizer, one_sentence
from mmbimodal.visualization import save_png, tsne_figure


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', metavar='CONFIG', help='config file')
    parser.add_argument('checkpoint', metavar='CKPT', help='trained weights')
    parser.add_argument('--out', required=True, metavar='FILE', help='the PNG to write')
    parser.add_argument('--device', default='cpu', help='default: cpu')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        default={},
        help='override settings of the config, key=value',
    )
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    config = Config.fromfile(args.config)
    config.merge_from_dict(args.cfg_options)
    model = init_recognizer(config, args.checkpoint, args.device)
    loader = Runner.build_dataloader(config.test_dataloader)
    features = extract_features(
        model, track(loader, 'test samples'), loader.dataset.metainfo['classes']
    )
    save_png(tsne_figure(features), args.out)
    print(args.out)


if __name__ == '__main__':
    with one_sentence():
        main(parse_args())
