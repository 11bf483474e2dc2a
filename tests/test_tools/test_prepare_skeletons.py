"""The tools of the three public data sets with skeletons, on tiny copies."""

import json
import os

import numpy as np
import pytest
import scipy.io
from skeletons import joints, ntu_text, write, write_nw_ucla

from mmbimodal.datasets.annotation import read_annotation, read_label_map
from mmbimodal.datasets.ntu_id import parse_ntu_id
from mmbimodal.datasets.preparation.leaks import add_leak_free, find_leaks
from mmbimodal.datasets.skeleton import read_compact
from mmbimodal.datasets.video_probe import probe
from mmbimodal.errors import InputError


def rows(ann_file):
    return read_annotation(str(ann_file))['data_list']


def ids(ann_file):
    return [row['sample_id'] for row in rows(ann_file)]


@pytest.fixture
def run(load_tool):
    """Runs the tool of a data set with two workers; returns its report."""

    def run(dataset, root, *argv, report='report.json'):
        tool = load_tool(f'data/{dataset}/prepare.py')
        tool.main(tool.parse_args([str(root), *map(str, argv), '--workers', '2']))
        return json.loads((root / 'annotations' / report).read_text())

    return run


# NW-UCLA

SEEDS = {
    'a01_s01_e00_v01': 1,
    'a01_s01_e00_v02': 2,
    'a01_s01_e00_v03': 3,
    'a12_s01_e00_v01': 4,
    'a12_s01_e00_v02': 5,
    'a12_s01_e00_v03': 5,
}
LEAK = ['a12_s01_e00_v02', 'a12_s01_e00_v03']


def add_nw_ucla(root):
    """Two clips of each view; one of view 2 is the same as one of view 3."""
    for name, seed in SEEDS.items():
        label = 1 if name.startswith('a01') else 10
        write_nw_ucla(root / 'all_sqe', name, label, seed=seed)


def test_nw_ucla_finds_the_leak_by_content(tmp_path, run, capsys):
    add_nw_ucla(tmp_path)
    report = run('nw_ucla', tmp_path)
    out = tmp_path / 'annotations'
    found = {path.stem: ids(path) for path in out.glob('xview*.json')}
    train = [i for i in SEEDS if not i.endswith('v03')]
    test = [i for i in SEEDS if i.endswith('v03')]
    assert found == {
        'xview_train': train,
        'xview_test': test,
        'xview_noleak_train': train,
        'xview_noleak_test': [i for i in test if i not in LEAK],
        'xview_strict_train': [i for i in train if i not in LEAK],
        'xview_strict_test': test,
    }
    assert report['identical'] == [LEAK]
    text = ' '.join(capsys.readouterr().out.split())
    assert (
        '1 samples of xview_test are identical to samples of xview_train, such as '
        + ' = '.join(LEAK)
    ) in text
    assert 'xview_train has 4 samples, the complete nw_ucla 1020' in text
    assert 'xview_noleak_test has 1 samples, the complete nw_ucla 369' in text
    assert 'xview_strict_train has 3 samples, the complete nw_ucla 925' in text
    row = rows(out / 'xview_test.json')[1]
    assert row == dict(sample_id=LEAK[1], label=9, skeleton=f'skeletons/{LEAK[1]}.npz')
    keypoint = read_compact(str(tmp_path / row['skeleton'])).keypoint
    assert keypoint[0] == pytest.approx(joints(5, 20, seed=5), abs=1e-6)


def test_nw_ucla_reports_what_it_cannot_use_and_what_is_odd(tmp_path, run):
    add_nw_ucla(tmp_path)
    folder = tmp_path / 'all_sqe'
    write_nw_ucla(folder, 'a02_s01_e00_v01', 0)
    write_nw_ucla(folder, 'a02_s01_e01_v01', 11)
    ragged = joints(4, 20).tolist()
    ragged[1].pop()
    write_nw_ucla(folder, 'a02_s01_e02_v01', 2, skeletons=ragged)
    write(folder / 'a02_s01_e03_v01.json', '')
    write_nw_ucla(folder, 'a02_s01_e04_v01', 2, skeletons=[])
    write_nw_ucla(folder, 'a02_s01_e05_v01', 2, frames=1)
    write_nw_ucla(folder, 'a07_s01_e00_v01', 7)
    report = run('nw_ucla', tmp_path)
    assert {f['sample_id'][8:11]: f['fault'] for f in report['faults']} == {
        'e00': 'undecodable',
        'e01': 'undecodable',
        'e02': 'undecodable',
        'e03': 'empty',
        'e04': 'empty',
    }
    details = [f['detail'] for f in report['faults']]
    assert 'has the label 0, NW-UCLA has 1 to 10' in details
    assert 'has 19 joints, the layout kinect20 20' in details
    assert report['odd'] == {'1 frame only': ['a02_s01_e05_v01']}
    assert report['left_out'] == {'of no class': ['a07_s01_e00_v01']}
    assert report['split_sizes']['xview_train'] == 5


def test_conversion_is_resumed_and_follows_its_source(tmp_path, run):
    add_nw_ucla(tmp_path)
    run('nw_ucla', tmp_path)
    compact = {i: tmp_path / 'skeletons' / f'{i}.npz' for i in SEEDS}
    before = {i: path.stat().st_mtime_ns for i, path in compact.items()}
    kept, gone, changed, *_ = SEEDS
    compact[gone].unlink()
    write_nw_ucla(tmp_path / 'all_sqe', changed, 1, frames=9)
    late = before[changed] + 10**9
    os.utime(tmp_path / 'all_sqe' / f'{changed}.json', ns=(late, late))
    report = run('nw_ucla', tmp_path)
    assert compact[kept].stat().st_mtime_ns == before[kept]
    assert compact[gone].is_file()
    assert read_compact(str(compact[changed])).keypoint.shape[1] == 9
    assert report['identical'] == [LEAK]  # of files that were not converted again
    assert len(list((tmp_path / 'skeletons').iterdir())) == len(SEEDS)


def test_a_folder_that_holds_no_nw_ucla(tmp_path, run):
    with pytest.raises(InputError, match='there is no folder .*all_sqe'):
        run('nw_ucla', tmp_path)
    write(tmp_path / 'all_sqe' / 'clip.json', '{}')
    with pytest.raises(InputError, match='none of the 1 files'):
        run('nw_ucla', tmp_path)


def test_leaks_on_one_side_are_none():
    split = dict(a='train', b='train', c='test', d='test', e='train')
    assert find_leaks(split, [['a', 'b'], ['c', 'd']]) == {}
    groups = [['a', 'b', 'c'], ['x', 'd']]
    assert find_leaks(split, groups) == dict(a='train', b='train', c='test')
    assert add_leak_free({'x_': split}, groups) == {
        'x_': split,
        'x_noleak_': dict(a='train', b='train', d='test', e='train'),
        'x_strict_': dict(c='test', d='test', e='train'),
    }


# NTU RGB+D


def ntu_name(camera, subject=1, action=1, setup=1):
    return f'S{setup:03}C{camera:03}P{subject:03}R001A{action:03}'


def test_ntu_skeletons_become_compact_files(tmp_path, run):
    folder = tmp_path / 'nturgb+d_skeletons'
    names = [ntu_name(camera) for camera in (1, 2, 3)]
    for seed, name in enumerate(names):
        write(folder / f'{name}.skeleton', ntu_text(joints(9, seed=seed)))
    missing = 'S001C002P005R002A008'  # the first one of the official list
    write(folder / f'{missing}.skeleton', ntu_text(joints(9)))
    bad = ntu_name(2, action=4)
    write(folder / f'{bad}.skeleton', ntu_text(joints(9, num_joints=24)))
    report = run(
        'ntu60', tmp_path, '--modalities', 'skeleton', report='xview_report.json'
    )
    assert report['split_sizes'] == dict(train=2, test=1)
    assert report['left_out'] == dict(excluded=[missing])
    (fault,) = report['faults']
    assert fault['detail'] == 'has 24 joints, the layout nturgb+d 25'
    assert 'train has 2 samples, the complete ntu60 37646' in report['warnings']
    (row,) = rows(tmp_path / 'annotations/xview_test.json')
    assert row['skeleton'] == f'nturgb+d_skeletons_npz/{names[0]}.npz'
    found = read_compact(str(tmp_path / row['skeleton']))
    assert found.keypoint[0] == pytest.approx(joints(9), abs=1e-6)
    assert found.colorXY is not None and found.depthXY is not None
    assert probe(str(tmp_path / row['skeleton'])).frames == 9


def test_the_lists_of_missing_skeletons_give_the_official_counts(load_tool):
    tool = load_tool('data/ntu60/prepare.py')
    listed = tool.read_ids(tool.MISSING)
    assert len(set(listed)) == len(listed) == 535
    of_60 = [i for i in listed if parse_ntu_id(i).setup <= 17]
    assert len(of_60) == 302
    for protocol, sizes in tool.OFFICIAL.items():
        missing = list(tool.split_of(of_60, protocol, False).values())
        assert {
            name: size - missing.count(name) for name, size in sizes.items()
        } == tool.OFFICIAL_SKELETON[protocol]
    assert (
        dict(xview=dict(train=37646, test=18932), xsub=dict(train=40091, test=16487))
        == tool.OFFICIAL_SKELETON
    )
    for sizes in tool.OFFICIAL_120_SKELETON.values():
        assert sum(sizes.values()) == 114480 - 535


# UTD-MHAD


def add_utd_mhad(root, name, content=None, **joint_options):
    path = root / 'Skeleton' / f'{name}_skeleton.mat'
    path.parent.mkdir(exist_ok=True)
    body = joints(9, 20, **joint_options).transpose(1, 2, 0)
    scipy.io.savemat(path, content or dict(d_skel=body))


def test_utd_mhad(tmp_path, run, write_video):
    for subject in (1, 2, 3):
        add_utd_mhad(tmp_path, f'a27_s{subject}_t1', seed=subject)
        write_video(tmp_path / 'RGB' / f'a27_s{subject}_t1_color.avi')
    add_utd_mhad(tmp_path, 'a28_s1_t1')
    add_utd_mhad(tmp_path, 'a1_s1_t1', dict(d_iner=np.zeros((5, 6))))
    report = run('utd_mhad', tmp_path)
    out = tmp_path / 'annotations'
    assert ids(out / 'train.json') == ['a27_s1_t1', 'a27_s3_t1']
    assert rows(out / 'test.json') == [
        dict(sample_id='a27_s2_t1', label=26, skeleton='skeletons_npz/a27_s2_t1.npz')
    ]
    assert report['left_out'] == {'of no class': ['a28_s1_t1']}
    assert [f['detail'] for f in report['faults']] == ['has no d_skel, but d_iner']
    assert 'train has 2 samples, the complete utd_mhad 431' in report['warnings']
    assert 'test has 1 samples, the complete utd_mhad 430' in report['warnings']
    report = run('utd_mhad', tmp_path, '--modalities', 'rgb', 'skeleton')
    assert report['unpaired'] == {'a1_s1_t1': ['rgb']}
    (row,) = rows(out / 'test.json')
    assert row['rgb'] == 'RGB/a27_s2_t1_color.avi'


@pytest.mark.parametrize(
    'dataset, classes, first, last',
    [
        ('nw_ucla', 10, 'pick up with one hand', 'carry'),
        ('utd_mhad', 27, 'right arm swipe to the left', 'squat (two arms stretch out)'),
    ],
)
def test_label_maps(load_tool, dataset, classes, first, last):
    tool = load_tool(f'data/{dataset}/prepare.py')
    names = read_label_map(str(tool.LABEL_MAP))
    assert (len(names), names[0], names[-1]) == (classes, first, last)
