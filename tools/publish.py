"""Release the weights of a trained model and enter them in the index.

    publish.py work_dirs/quickstart/epoch_22.pth --name staf_synth --half \\
        --command 'python tools/train.py configs/staf_synth.py'

The folder checkpoints/ gets NAME-SHA8.pth, the weights alone with class names and
config, and NAME-SHA8.json, the log of the training. The file is tested, and its entry
in the metafile says where it is, what it is (sha256, size) and what was measured.
"""

import argparse
import hashlib
import io
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmengine.config import Config

TOOLS = Path(__file__).resolve().parent
ROOT = TOOLS.parent
FOLDER = 'checkpoints'
PLACE = re.compile('(?<=<!-- released -->\n).*?(?=<!-- /released -->)', re.DOTALL)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'checkpoint', type=Path, metavar='CKPT', help='checkpoint of a training'
    )
    parser.add_argument(
        '--name', required=True, help='name of the model, which is in a metafile'
    )
    parser.add_argument(
        '--command', required=True, metavar='COMMAND', help='what trained it, exactly'
    )
    parser.add_argument(
        '--half',
        action='store_true',
        help='store half precision, unless the accuracy suffers',
    )
    return parser.parse_args()


def release(
    checkpoint: Path, name: str, config: 'Config', command: str, half: bool
) -> bytes:
    """The content of a released file: weights, class names, config, command.

    Args:
        checkpoint (Path): Of a training.
        name (str): Of the model.
        config (Config): Its config.
        command (str): What trained it.
        half (bool): Whether to store float16.

    Raises:
        InputError: The checkpoint is of another model, has no class names, or does
            not fit float16.
    """
    import torch
    from mmengine.config import Config
    from mmengine.runner import CheckpointLoader

    from mmbimodal.apis import init_recognizer
    from mmbimodal.errors import InputError
    from mmbimodal.version import __version__

    init_recognizer(config, str(checkpoint))  # it fits
    loaded = CheckpointLoader.load_checkpoint(str(checkpoint), map_location='cpu')
    meta = loaded.get('meta', {})
    if not meta.get('dataset_meta', {}).get('classes') or 'cfg' not in meta:
        raise InputError(
            f'{checkpoint} has no class names or no config: give a checkpoint that '
            'tools/train.py wrote'
        )
    if Config.fromstring(meta['cfg'], '.py').model != config.model:
        raise InputError(
            f'{checkpoint} was trained with another model than that of '
            f'{config.filename}: enter a config of its own in the metafile'
        )
    weights = {
        key.removeprefix('module.'): x.half() if half and x.is_floating_point() else x
        for key, x in loaded['state_dict'].items()
    }
    if not all(x.isfinite().all() for x in weights.values()):
        raise InputError(
            f'{checkpoint} has weights that are not finite'
            f'{" in half precision: leave --half out" if half else ""}'
        )
    about = dict(
        name=name,
        dataset_meta=dict(classes=list(meta['dataset_meta']['classes'])),
        cfg=config.pretty_text,
        epoch=meta.get('epoch'),
        command=command,
        mmbimodal_version=__version__,
    )
    # Saved to a path, the file would hold its own name.
    stream = io.BytesIO()
    torch.save(dict(state_dict=weights, meta=about), stream)
    return stream.getvalue()


def measure(config: Path, checkpoint: Path) -> dict[str, float]:
    """Top-1 and top-5 in per cent by ``tools/test.py``, and the number of samples."""
    from mmbimodal.errors import InputError
    from mmbimodal.evaluation import predicted_accuracy, read_predictions

    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder, 'predictions.json'))
        command = [
            *(sys.executable, str(TOOLS / 'test.py'), str(config)),
            *(str(checkpoint), '--work-dir', folder, '--cfg-options'),
            'test_evaluator.type=SavePredictions',
            f'test_evaluator.out_file={out}',
        ]
        if subprocess.run(command).returncode:
            raise InputError(f'tools/test.py failed on {checkpoint}, see above')
        found = read_predictions(out)
    top1, top5 = (round(100 * float(x), 2) for x in predicted_accuracy(found))
    return dict(top1=top1, top5=top5, samples=len(found.labels))


def update(path: Path, name: str, fields: dict[str, Any]) -> None:
    """Write fields into an entry of a metafile; the comment at its head stays."""
    import yaml

    text = path.read_text(encoding='utf-8')
    content = yaml.safe_load(text)
    (entry,) = (x for x in content['Models'] if x['Name'] == name)
    entry['Metadata'].update(fields.pop('Metadata'))
    entry.update(fields)
    path.write_text(head(text) + dump(content), encoding='utf-8')


def head(text: str) -> str:
    """The comment that a metafile begins with."""
    return re.match('(#.*\n)*', text)[0]  # type: ignore[index]


def dump(content: dict[str, Any]) -> str:
    """A metafile's content as all of them are written."""
    import yaml

    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=88)


def released_table(root: Path) -> str:
    """The table of model_zoo.md, from the index."""
    from mmbimodal.apis.zoo import read_index
    from mmbimodal.visualization import markdown_lines

    rows = [['model', 'data', 'top-1', 'top-5', 'GFLOPs', 'parameters', 'weights']]
    for name, entry in read_index(root).items():
        about = entry['Metadata']
        for result in entry.get('Results', ()):
            metrics = result['Metrics']
            rows.append(
                [
                    f'[{name}]({entry["Config"]})',
                    result['Dataset'],
                    f'{metrics["Top 1 Accuracy"]:.2f} %',
                    f'{metrics["Top 5 Accuracy"]:.2f} %',
                    f'{about["FLOPs"] / 1e9:.3f}',
                    f'{about["Parameters"] / 1e6:.2f} M',
                    f'[{entry["Size"] / 1e6:.2f} MB]({entry["Weights"]})',
                ]
            )
    return '\n'.join(markdown_lines(rows)) + '\n'


def describe(
    name: str, content: bytes, found: dict[str, float], command: str, precision: str
) -> dict[str, Any]:
    """The fields of an entry that a release fills in."""
    from mmbimodal.apis import find_config, get_complexity
    from mmbimodal.apis.zoo import read_index

    cost = get_complexity(find_config(name))
    digest = hashlib.sha256(content).hexdigest()
    result = {
        'Task': 'Action Recognition',
        'Dataset': read_index(ROOT)[name]['Metadata']['Training Data'],
        'Metrics': {
            'Top 1 Accuracy': found['top1'],
            'Top 5 Accuracy': found['top5'],
        },
        'Samples': found['samples'],
        'Command': f'python tools/test.py {name}',
    }
    return {
        'Metadata': {
            'FLOPs': int(cost['flops']),
            'Parameters': cost['params'],
            'Training Command': command,
            'Precision': precision,
        },
        'Weights': f'{FOLDER}/{name}-{digest[:8]}.pth',
        'SHA256': digest,
        'Size': len(content),
        'Training Log': f'{FOLDER}/{name}-{digest[:8]}.json',
        'Results': [result],
    }


def enter(name: str, fields: dict[str, Any]) -> None:
    """Update the metafile and the table; files of an earlier release go."""
    import yaml

    from mmbimodal.apis.zoo import read_index

    earlier = read_index(ROOT)[name]
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text(encoding='utf-8'))
    for metafile in index['Import']:
        text = (ROOT / metafile).read_text(encoding='utf-8')
        if name in (x['Name'] for x in yaml.safe_load(text)['Models']):
            update(ROOT / metafile, name, fields)
    for key in ('Weights', 'Training Log'):
        if earlier.get(key, 'none yet') not in ('none yet', fields[key]):
            (ROOT / earlier[key]).unlink(missing_ok=True)
    read_index.cache_clear()
    page = ROOT / 'model_zoo.md'
    text = page.read_text(encoding='utf-8')
    page.write_text(PLACE.sub(lambda _: released_table(ROOT), text), encoding='utf-8')


def main(args: argparse.Namespace) -> None:
    from mmengine.config import Config

    from mmbimodal.apis import find_config
    from mmbimodal.errors import InputError

    config = Path(find_config(args.name))
    logs = sorted(args.checkpoint.parent.glob('*/vis_data/scalars.json'))
    if not logs:
        raise InputError(
            f'{args.checkpoint.parent} has no log (*/vis_data/scalars.json): give a '
            'checkpoint in the folder of its training'
        )
    content = release(
        args.checkpoint, args.name, Config.fromfile(config), args.command, args.half
    )
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder, 'weights.pth')
        weights.write_bytes(content)
        found = measure(config, weights)
    precision = 'float16' if args.half else 'float32'
    if args.half:
        full = measure(config, args.checkpoint)
        if found['top1'] < full['top1'] or found['top5'] < full['top5']:
            raise InputError(
                f'half precision costs accuracy, {full} become {found}: leave '
                '--half out'
            )
        precision += f' (top-1 in float32: {full["top1"]:.2f})'
    fields = describe(args.name, content, found, args.command, precision)
    (ROOT / FOLDER).mkdir(exist_ok=True)
    (ROOT / fields['Weights']).write_bytes(content)
    # A training that was resumed has several.
    log = ''.join(path.read_text(encoding='utf-8') for path in logs)
    (ROOT / fields['Training Log']).write_text(log, encoding='utf-8')
    enter(args.name, fields)
    print(f'{fields["Weights"]}: {len(content)} bytes, {found}')


if __name__ == '__main__':
    arguments = parse_args()
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
