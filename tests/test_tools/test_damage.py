"""``check_pairs`` against the data set, sample by sample, over damaged files.

One damage of each of 22 kinds; ``SLOW_TESTS=1`` runs 220.
"""

import numpy as np
import pytest
from damage import DAMAGES, write_damaged, write_sound
from mmaction.registry import DATASETS
from mmengine.registry import init_default_scope

from mmbimodal.datasets.annotation import read_annotation, write_annotation
from mmbimodal.datasets.process_pool import parallel_map
from mmbimodal.errors import InputError

CRASHED = 'crashed'


def every_frame(results):
    """A sampler for ``SyncSample``."""
    return dict(results, clip_len=8, frame_inds=np.arange(results['total_frames']))


def load(item):
    """What the data set says of a sample: '' or its sentence, in a process.

    Samples are loaded with every frame in turn, and three times with random ones.
    """
    init_default_scope('mmaction')
    ann_file, data_root, index = item
    random_frames = dict(type='UniformSample', clip_len=8)
    for sampler in (every_frame, *[random_frames] * 3):
        pipeline = [
            dict(type='ForEachModality', transforms=[dict(type='OpenVideo')]),
            dict(type='SyncSample', transforms=[sampler]),
            dict(type='ForEachModality', transforms=[dict(type='DecodeVideo')]),
        ]
        dataset = DATASETS.build(
            dict(
                type='PairedDataset',
                ann_file=ann_file,
                data_root=data_root,
                modalities=('rgb', 'ir'),
                pipeline=pipeline,
            )
        )
        try:
            dataset[index]
        except InputError as error:
            return str(error)
    return ''


def crashed(item):
    return CRASHED


@pytest.mark.parametrize('seeds', [1, pytest.param(10, marks=pytest.mark.slow)])
def test_check_pairs_agrees_with_the_data_set(load_tool, tmp_path, seeds):
    write_sound(tmp_path / 'rgb.mp4')
    rows = []
    for kind in DAMAGES:
        for seed in range(seeds):
            path = write_damaged(tmp_path / 'ir', kind, seed)
            ir = path.relative_to(tmp_path).as_posix()
            rows.append(dict(sample_id=f'{kind}_{seed}', label=0, rgb='rgb.mp4', ir=ir))
    ann_file = tmp_path / 'annotations' / 'test.json'
    write_annotation(
        str(ann_file),
        dataset='damages',
        split='test',
        classes=['any'],
        modalities=['rgb', 'ir'],
        data_list=rows,
    )
    tool = load_tool('data/check_pairs.py')
    report = tool.check(tool.parse_args([str(ann_file), '--workers', '2']))
    found = {line.split(': ')[0]: line for line in report['errors']}
    ids = [row['sample_id'] for row in read_annotation(str(ann_file))['data_list']]
    said = parallel_map(
        load,
        [(str(ann_file), str(tmp_path), index) for index in range(len(ids))],
        workers=2,
        description='Loading samples',
        crashed=crashed,
    )
    told = dict(zip(ids, said))
    disagree = {
        i: (found.get(i, 'sound'), said or 'sound')
        for i, said in told.items()
        if bool(said) != (i in found)
    }
    crashes = [i for i, said in told.items() if said == CRASHED]
    crashes += [i for i, line in found.items() if 'crashes the decoder' in line]
    print(
        f'{len(rows)} samples of {len(DAMAGES)} kinds: {len(found)} unreadable, '
        f'{len(disagree)} disagreements, {len(crashes)} crashes'
    )
    assert not crashes
    assert not disagree
    sound = [i for i in told if i.startswith(('sound', 'other_container', 'trailing'))]
    assert not set(sound) & set(found)
    broken = ('empty', 'text', 'audio', 'short', 'random_bytes', 'few_images')
    assert {i for i in told if i.startswith(broken)} <= set(found)


@pytest.mark.parametrize('suffix', ['.avi', '.mp4', '.mkv', '.mov', ''])
def test_the_generator_writes_sound_files(tmp_path, suffix):
    from mmbimodal.datasets.frames import open_frames

    path = (tmp_path / 'a').with_suffix(suffix)
    write_sound(path)
    with open_frames(str(path)) as reader:
        assert len(reader) == 24
