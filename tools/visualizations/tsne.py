"""Draw the features of each branch and of the fusion by t-SNE.

    tsne.py staf_synth --out FILE
    tsne.py CONFIG CKPT --out FILE

One panel for each, on the config's test set; a class keeps its colour and
marker. It works for any recognizer of this package: with a fusion of scores,
the last panel shows these.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _model import add_cfg_options, add_model


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_model(parser)
    parser.add_argument('--out', required=True, metavar='FILE', help='the PNG to write')
    parser.add_argument('--device', default='cpu', help='default: cpu')
    add_cfg_options(parser)
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from mmengine.runner import Runner
    from rich.progress import track

    from mmbimodal.apis import (
        extract_features,
        find_model,
        init_recognizer,
        load_config,
    )
    from mmbimodal.visualization import save_png, tsne_figure

    path, checkpoint = find_model(args.model, args.checkpoint)
    config = load_config(path, args.cfg_options)
    model = init_recognizer(config, checkpoint, args.device)
    loader = Runner.build_dataloader(config.test_dataloader)
    features = extract_features(
        model, track(loader, 'test samples'), loader.dataset.metainfo['classes']
    )
    save_png(tsne_figure(features), args.out)
    print(args.out)


if __name__ == '__main__':
    arguments = parse_args()
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
