"""The stages behind quickstart.sh; each is skipped where it is done."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

from mmbimodal.apis import one_sentence, provenance
from mmbimodal.datasets.annotation import write_text
from mmbimodal.errors import InputError
from mmbimodal.evaluation import predicted_accuracy, read_predictions

MODEL = 'staf_synth'
CONFIG = Path(f'configs/{MODEL}.py')
DATA = Path('data/synth')
WORK_DIR = Path('work_dirs/quickstart')
FIRST = WORK_DIR / 'first'
PREDICTIONS = WORK_DIR / 'predictions.json'
QUALITY = WORK_DIR / 'selection_quality.json'
SECONDS = WORK_DIR / 'seconds.json'
SUMMARY = WORK_DIR / 'summary.json'


def run(script: str, *arguments: object) -> None:
    """Run one of the tools; its own message says what went wrong."""
    words = [f'tools/{script}', *map(str, arguments)]
    print(f'\n$ python {" ".join(words)}', flush=True)
    # Two cores serve the model and the loader's workers: a thread that waits
    # must not keep the core busy that it is waiting for.
    environment = dict(os.environ, OMP_WAIT_POLICY='passive')
    if subprocess.run([sys.executable, *words], env=environment).returncode:
        raise InputError(
            f'tools/{script} failed, see above; mend it and run '
            'the same command again, which goes on from here'
        )


def best_checkpoint() -> Path:
    """The checkpoint that mmengine kept as the best."""
    return max(
        WORK_DIR.glob('best_acc_top1_epoch_*.pth'),
        key=lambda path: path.stat().st_mtime,
    )


def predict() -> None:
    """On pairs of a seed that no training has seen."""
    pairs = FIRST / 'pairs'
    run('data/synth/generate.py', pairs, '--train', 0, '--test', 12, '--seed', 1)
    annotation = pairs / 'annotations/xview_test.json'
    options = ('--show-top', 2, '--out-dir', FIRST)
    run('infer.py', MODEL, '--pairs', annotation, *options)


def generate() -> None:
    run('data/synth/generate.py', DATA, '--train', 1440, '--test', 240)


def train() -> None:
    run('train.py', CONFIG, '--work-dir', WORK_DIR, '--resume')


def test() -> None:
    run(
        'test.py',
        CONFIG,
        best_checkpoint(),
        '--work-dir',
        WORK_DIR / 'test',
        '--cfg-options',
        'test_evaluator.type=SavePredictions',
        f'test_evaluator.out_file={PREDICTIONS}',
    )


def draw() -> None:
    checkpoint = best_checkpoint()
    run('visualizations/curves.py', WORK_DIR, '--out', WORK_DIR / 'curves.png')
    run('visualizations/confusion.py', PREDICTIONS, '--out', WORK_DIR / 'confusion.png')
    run(
        'visualizations/selection.py',
        CONFIG,
        checkpoint,
        '--num',
        6,
        '--out',
        WORK_DIR / 'selection',
        '--video-out',
        WORK_DIR / 'selection',
    )
    run('visualizations/tsne.py', CONFIG, checkpoint, '--out', WORK_DIR / 'tsne.png')
    run(
        'analysis/selection_quality.py',
        CONFIG,
        checkpoint,
        '--truth',
        DATA / 'truth.json',
        '--json',
        QUALITY,
    )


def is_trained() -> bool:
    """Whether the last epoch of the config has been saved."""
    epochs = Config.fromfile(CONFIG).train_cfg.max_epochs
    return (WORK_DIR / f'epoch_{epochs}.pth').is_file()


class Stage(NamedTuple):
    """A stage: what it does, what tells that it is done, and what to expect."""

    run: Callable[[], None]
    is_done: Callable[[], bool]
    text: str


# What to expect on two cores; summary.json has what was measured.
STAGES = dict(
    predict=Stage(
        predict,
        (FIRST / 'predictions.json').is_file,
        f'the released {MODEL} names the actions of twelve new pairs and draws what '
        'it selects; less than a minute',
    ),
    generate=Stage(
        generate,
        lambda: all(
            (DATA / 'annotations' / f'xview_{split}.json').is_file()
            for split in ('train', 'test')
        ),
        '1 680 pairs to train and test a model of your own; one to three minutes',
    ),
    train=Stage(train, is_trained, '22 epochs; about ten minutes, the log has the ETA'),
    test=Stage(test, PREDICTIONS.is_file, 'of the best epoch; less than a minute'),
    draw=Stage(
        draw,
        QUALITY.is_file,
        'curves, confusion, selected frames, t-SNE; one to two minutes',
    ),
)


def accuracies() -> dict[str, float]:
    """Top-1, top-5 and chance from the predictions."""
    found = read_predictions(str(PREDICTIONS))
    top1, top5 = predicted_accuracy(found)
    return dict(top1=top1, top5=top5, chance=1 / len(found.classes))


def run_stages() -> dict[str, float]:
    """Run what is not done; seconds of each stage, of earlier runs too."""
    seconds = json.loads(SECONDS.read_text()) if SECONDS.is_file() else {}
    redo = False
    for number, (name, stage) in enumerate(STAGES.items(), 1):
        if not redo and stage.is_done():
            print(f'{name}: done before')
            continue
        print(f'\n{number}/{len(STAGES)} {name}: {stage.text}', flush=True)
        start = time.perf_counter()
        stage.run()
        seconds[name] = round(time.perf_counter() - start, 1)
        write_text(str(SECONDS), json.dumps(seconds) + '\n')
        # What follows a stage that ran is out of date; nothing stands on the first.
        redo = name != 'predict'
    return seconds


def main() -> None:
    seconds = run_stages()
    summary = dict(
        accuracies(),
        seconds=seconds,
        selection=json.loads(QUALITY.read_text()),
        checkpoint=str(best_checkpoint()),
        **provenance(),
    )
    write_text(str(SUMMARY), json.dumps(summary, indent=2) + '\n')
    print(f'\npictures and summary.json are in {WORK_DIR}')
    print(
        'quickstart: top1={top1:.3f} top5={top5:.3f} chance={chance:.3f}'.format(
            **summary
        )
    )


if __name__ == '__main__':
    with one_sentence():
        main()
