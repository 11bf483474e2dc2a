"""Annotate the Infrared-Visible action set (InfAR with both modalities).

    python tools/data/infar/prepare.py RGB_ROOT IR_ROOT data/infar

The roots hold videos or folders of frames, in sub-folders or not; a file and
its partner have the same name, such as 000052_jump. What lies outside of
DATA_ROOT is linked into DATA_ROOT/rgb and DATA_ROOT/ir; folders of frames are
encoded to videos. Without a split file, a fifth of each class is drawn for
testing and the split is written to DATA_ROOT/annotations/split.txt.
"""

import argparse
import json
import random
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from mmbimodal.datasets.annotation import read_label_map, write_text
from mmbimodal.datasets.pairing import scan
from mmbimodal.datasets.preparation import SPLITS, Recipe, add_arguments, prepare
from mmbimodal.errors import InputError

LABEL_MAP = Path(__file__).resolve().parent / 'label_map.txt'
FOLDERS = dict(rgb='rgb', ir='ir')
OFFICIAL = dict(train=960, test=240)
KNOWN_BROKEN = ('000052_jump', '000084_jump', '000088_wave1', '000100_punch')


def label_of(sample_id: str, classes: list[str]) -> int | None:
    """Label of an id that ends with its class, as in ``000052_jump``."""
    token = sample_id.rpartition('_')[2].lower()
    return classes.index(token) if token in classes else None


def stratified_split(
    sample_ids: Sequence[str], test_share: float, seed: int
) -> dict[str, str]:
    """Draw the same share of every class for testing."""
    by_class: dict[str, list[str]] = {}
    for sample_id in sorted(sample_ids):
        token = sample_id.rpartition('_')[2].lower()
        by_class.setdefault(token, []).append(sample_id)
    rng = random.Random(seed)
    split = {}
    for _, ids in sorted(by_class.items()):
        rng.shuffle(ids)
        num_test = round(len(ids) * test_share)
        split.update(
            {i: 'test' if k < num_test else 'train' for k, i in enumerate(ids)}
        )
    return split


def read_split(path: Path) -> dict[str, str]:
    """Read lines ``id train|test``, or JSON: ``{"train": [id, …], "test":
    […]}`` or ``{id: "train"|"test"}``."""
    try:
        text = path.read_text(encoding='utf-8')
        if path.suffix != '.json':
            pairs = [
                line.rsplit(maxsplit=1) for line in text.splitlines() if line.strip()
            ]
        else:
            content = json.loads(text)
            pairs = (
                [(i, name) for name in content for i in content[name]]
                if set(content) <= set(SPLITS)
                else content.items()
            )
        split = dict(pairs)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f'cannot read the split file {path} ({error}): give '
            'lines "id train" or "id test", or JSON.'
        ) from error
    if len(split) < len(pairs):
        raise InputError(
            f'the split file {path} names a sample twice: remove one of the two.'
        )
    wrong = [i for i, name in split.items() if name not in SPLITS]
    if wrong or not split:
        raise InputError(
            f'the split file {path} says neither "train" nor '
            f'"test" of {(wrong or ["any sample"])[0]}: mend it.'
        )
    return split


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('rgb_root', type=Path, metavar='RGB_ROOT')
    parser.add_argument('ir_root', type=Path, metavar='IR_ROOT')
    parser.add_argument('data_root', type=Path, metavar='DATA_ROOT')
    parser.add_argument(
        '--id-regex',
        metavar='REGEX',
        help='searched in the names; its first group is the sample id',
    )
    parser.add_argument(
        '--split-file',
        type=Path,
        metavar='FILE',
        help='lines "id train|test", or JSON: {"train": [id, ...],\n'
        '"test": [...]} or {id: "train"|"test"}; default: drawn by --seed',
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--test-share', type=float, default=0.2)
    add_arguments(parser)
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    roots = dict(rgb=args.rgb_root, ir=args.ir_root)
    data_root = args.data_root.resolve()
    for root in roots.values():
        if root.resolve() in (data_root, *data_root.parents):
            raise InputError(
                f'DATA_ROOT {data_root} lies in {root}, so that '
                'its links would be found as samples: give '
                'another folder.'
            )
    if roots['rgb'].resolve() == roots['ir'].resolve():
        raise InputError(
            f'RGB_ROOT and IR_ROOT are both {roots["rgb"]}: give one folder for each.'
        )
    if not 0 < args.test_share < 1:
        raise InputError(
            f'--test-share {args.test_share} is not between 0 '
            'and 1: give a fraction such as 0.2.'
        )
    try:
        id_regex = re.compile(args.id_regex or '(.+)')
    except re.error as error:
        raise InputError(
            f'--id-regex {args.id_regex} is no regular expression ({error}): mend it.'
        ) from error
    if not id_regex.groups:
        raise InputError(
            f'--id-regex {args.id_regex} has no group: put the '
            'part that is the id in parentheses.'
        )
    classes = read_label_map(str(LABEL_MAP))
    given = read_split(args.split_file) if args.split_file else None
    drawn: dict[str, str] = {}

    def id_of(stem: str) -> str | None:
        match = id_regex.search(stem)
        return match and match[1]

    def split_of(sample_ids: Sequence[str]) -> dict[str, str]:
        if given is not None:
            return given
        drawn.update(stratified_split(sample_ids, args.test_share, args.seed))
        return drawn

    recipe = Recipe(
        dataset='infar',
        data_root=args.data_root,
        out=args.data_root / 'annotations',
        classes=classes,
        label_of=lambda sample_id: label_of(sample_id, classes),
        split_of=split_of,
        folders=FOLDERS,
        official=OFFICIAL,
        known_broken=KNOWN_BROKEN,
    )
    scans = {
        modality: scan(root, id_of, frame_folders=True)
        for modality, root in roots.items()
    }
    prepare(recipe, scans, args.check, args.reencode, args.workers)
    if drawn:
        write_text(
            recipe.file('split.txt'),
            ''.join(f'{i} {name}\n' for i, name in sorted(drawn.items())),
        )


if __name__ == '__main__':
    try:
        main(parse_args())
    except InputError as error:
        sys.exit(f'error: {error}')
    except KeyboardInterrupt:
        sys.exit('interrupted: the same command completes it')
