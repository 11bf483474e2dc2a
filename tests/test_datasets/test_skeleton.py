"""Layouts, readers of public files, and the compact file."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from mmaction.models.utils import Graph
from skeletons import joints, ntu_text, write, write_nw_ucla

from mmbimodal.datasets.skeleton import (
    KINECT20,
    LAYOUTS,
    NTU_RGBD,
    Skeleton,
    find_layout,
    find_oddities,
    parse_nw_ucla_id,
    read_compact,
    read_ntu,
    read_nw_ucla,
    read_utd_mhad,
    write_compact,
)
from mmbimodal.errors import InputError, UnreadableVideo


def test_the_ntu_graph_is_that_of_mmaction2():
    upstream = Graph('nturgb+d')
    assert list(NTU_RGBD.edges) == upstream.inward
    assert (len(NTU_RGBD.joints), NTU_RGBD.center) == (25, upstream.center)


@pytest.mark.parametrize('layout', LAYOUTS.values(), ids=list(LAYOUTS))
def test_a_layout_is_a_tree_of_named_joints(layout):
    count = len(layout.joints)
    assert len(set(layout.joints)) == count
    towards = dict(layout.edges)
    assert len(layout.edges) == len(towards) == count - 1
    for joint in range(count):  # every path ends at the centre
        for _ in range(count):
            joint = towards.get(joint, joint)
        assert joint == layout.center
    graph = Graph(layout.graph(), mode='spatial')
    assert graph.A.shape == (3, count, count)


@pytest.mark.parametrize('layout', LAYOUTS.values(), ids=list(LAYOUTS))
def test_mirrored_joints_have_mirrored_edges(layout):
    mirror = dict(layout.pairs)
    mirror |= {right: left for left, right in layout.pairs}
    mirrored = {(mirror.get(a, a), mirror.get(b, b)) for a, b in layout.edges}
    assert mirrored == set(layout.edges)
    assert len(layout.pairs) == {'nturgb+d': 10, 'kinect20': 8}[layout.name]


def test_kinect20_names_the_joints_of_nw_ucla():
    names = KINECT20.joints
    assert names[:4] == ('hip_center', 'spine', 'shoulder_center', 'head')
    assert (names[7], names[11]) == ('hand_left', 'hand_right')
    assert (names[15], names[19]) == ('foot_left', 'foot_right')
    assert names[KINECT20.center] == 'shoulder_center'


def test_an_unknown_layout_is_named_with_the_known_ones():
    with pytest.raises(InputError, match="'coco': choose from nturgb.d, kinect20"):
        find_layout('coco')


# NTU RGB+D


def test_ntu_keeps_metres_both_pictures_and_the_score(tmp_path):
    body = joints(4)
    found = read_ntu(write(tmp_path / 'a.skeleton', ntu_text(body)))
    assert found.keypoint.shape == (1, 4, 25, 3)
    assert found.keypoint[0] == pytest.approx(body, abs=1e-6)
    assert found.depthXY[0] == pytest.approx(100 * body[..., :2], abs=1e-3)
    assert found.colorXY[0] == pytest.approx(200 * body[..., :2], abs=1e-3)
    assert (found.score == 1).all()
    assert found.timestamps is None


def test_ntu_keeps_the_two_most_active_of_three_bodies(tmp_path):
    still, busy = np.repeat(joints(1), 6, 0), joints(6, seed=1)
    wild = joints(6, seed=2) * np.linspace(1, 2, 6)[:, None, None]
    wild = wild + np.arange(6)[:, None, None]
    path = write(tmp_path / 'a.skeleton', ntu_text(still * 0.1, busy, wild))
    found = read_ntu(path).keypoint
    assert found.shape[0] == 2
    assert found == pytest.approx(np.stack([wild, busy]), abs=1e-4)


def test_ntu_follows_a_body_by_its_tracking_id(tmp_path):
    """The first body is absent for a while: the second one moves up in the frame."""
    bodies = joints(6, seed=1) * 3, joints(6, seed=2)
    text = ntu_text(*bodies, present=lambda frame: (1,) if frame in (2, 3) else (0, 1))
    found = read_ntu(write(tmp_path / 'a.skeleton', text)).keypoint
    assert found[1] == pytest.approx(bodies[1], abs=1e-6)
    assert not found[0, 2:4].any()
    assert found[0, [0, 1, 4, 5]] == pytest.approx(bodies[0][[0, 1, 4, 5]], abs=1e-5)


def test_ntu_joints_without_a_place_in_the_picture(tmp_path):
    text = ntu_text(joints(2)).splitlines()
    words = text[5].split()  # frame 0, joint 1
    words[5:7] = 'nan', '-inf'
    text[5] = ' '.join(words)
    found = read_ntu(write(tmp_path / 'a.skeleton', '\n'.join(text)))
    assert not found.colorXY[0, 0, 1].any() and found.score[0, 0, 1] == 0
    assert found.score.sum() == 2 * 25 - 1
    assert np.isfinite(found.keypoint).all()


def test_ntu_reads_what_the_generator_writes(pairs):
    path = next(pairs.glob('nturgb+d_skeletons/*.skeleton'))
    found = read_ntu(path)
    assert found.keypoint.shape[1] == int(path.read_text().split()[0])
    truth = np.array(path.read_text().splitlines()[4].split(), float)
    places = np.concatenate([found.keypoint, found.depthXY, found.colorXY], -1)
    assert np.abs(places[:, 0, 0] - truth[:7]).max(1).min() < 1e-3


GOOD = ntu_text(joints(3))
NO_BODY = '3\n0\n0\n0\n'


@pytest.mark.parametrize(
    'text, fault',
    [
        ('', 'is empty'),
        (GOOD[: len(GOOD) // 2], 'is cut off: its last lines are missing'),
        (GOOD[:-4], 'is cut off: its last lines are missing'),
        ('3\n', 'is cut off: its last lines are missing'),
        (NO_BODY, 'shows no body in any frame'),
        ('a video\n', 'is no .skeleton text'),
        (
            ntu_text(joints(3, num_joints=24)),
            'has 24 joints, the layout nturgb+d 25',
        ),
        (
            ntu_text(np.where(np.arange(3)[:, None, None] == 1, np.nan, joints(3))),
            'has coordinates that are NaN or infinite in frame 1',
        ),
        (GOOD.replace(' 1 0 0 0 2', ' x 0 0 0 2'), 'has lines that are no joints'),
    ],
)
def test_bad_ntu_files(tmp_path, text, fault):
    path = write(tmp_path / 'a.skeleton', text)
    with pytest.raises(UnreadableVideo) as caught:
        read_ntu(str(path))
    assert caught.value.reason == fault
    assert str(path) in str(caught.value)
    assert caught.value.truncated == ('cut off' in fault)
    assert caught.value.empty == (fault in ('is empty', 'shows no body in any frame'))


# NW-UCLA


def test_nw_ucla(tmp_path):
    path = write_nw_ucla(tmp_path, 'a12_s06_e04_v03', 10)
    found = read_nw_ucla(str(path))
    assert found.layout == 'kinect20'
    assert found.keypoint[0] == pytest.approx(joints(5, 20), abs=1e-6)


def test_nw_ucla_labels_skip_the_actions_that_do_not_exist():
    labels = {a: parse_nw_ucla_id(f'a{a:02}_s01_e00_v01') for a in range(1, 13)}
    assert [a for a, found in labels.items() if found is None] == [7, 10]
    assert [f.label for f in labels.values() if f is not None] == list(range(10))
    assert parse_nw_ucla_id('a08_s02_e03_v01') == (6, 2, 3, 1)


RAGGED = joints(3, 20).tolist()
RAGGED[1] = RAGGED[1][:19]
FLAT = joints(3, 20).tolist()
FLAT[2][5] = FLAT[2][5][:2]
NAN = joints(3, 20)
NAN[2, 4] = np.nan


@pytest.mark.parametrize(
    'changes, fault',
    [
        (dict(label=0), 'has the label 0, NW-UCLA has 1 to 10'),
        (dict(label=11), 'has the label 11, NW-UCLA has 1 to 10'),
        (dict(label='3'), "has the label '3', NW-UCLA has 1 to 10"),
        (dict(label=4), 'has the label 4, its name says 3'),
        (dict(skeletons=RAGGED), 'has 19 joints, the layout kinect20 20'),
        (dict(skeletons=FLAT), 'has joints that are not three numbers each'),
        (dict(skeletons=NAN.tolist()), 'has coordinates that are NaN or infinite in'),
        (dict(skeletons=joints(3, 25).tolist()), 'has 25 joints, the layout'),
        (dict(skeletons=[]), 'has no frame'),
        (dict(skeletons=3), 'is no JSON with "skeletons" and "label"'),
    ],
)
def test_bad_nw_ucla_files(tmp_path, changes, fault):
    path = write_nw_ucla(tmp_path, 'a03_s01_e00_v01', **{'label': 3, **changes})
    with pytest.raises(UnreadableVideo) as caught:
        read_nw_ucla(str(path))
    assert caught.value.reason.startswith(fault)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize('text', ['{"skele', '[]', '{"label": 3}', '\udc80'])
def test_what_is_no_nw_ucla_json(tmp_path, text):
    path = tmp_path / 'a03_s01_e00_v01.json'
    path.write_bytes(text.encode('utf-8', 'surrogateescape'))
    with pytest.raises(UnreadableVideo, match='is no JSON with "skeletons"'):
        read_nw_ucla(str(path))


# UTD-MHAD


def test_utd_mhad_is_permuted_to_the_kinect(tmp_path):
    body = joints(7, 20)
    head, shoulders, spine, hips = range(4)
    released = body[:, [3, 2, 1, 0, *range(4, 20)]]
    path = str(tmp_path / 'a1_s1_t1_skeleton.mat')
    scipy.io.savemat(path, dict(d_skel=released.transpose(1, 2, 0)))
    found = read_utd_mhad(path)
    assert found.keypoint.shape == (1, 7, 20, 3) and found.layout == 'kinect20'
    assert found.keypoint[0] == pytest.approx(body, abs=1e-6)
    for joint, place in dict(
        head=head, shoulder_center=shoulders, spine=spine, hip_center=hips
    ).items():
        number = KINECT20.joints.index(joint)
        assert found.keypoint[0, :, number] == pytest.approx(released[:, place])


@pytest.mark.parametrize(
    'content, fault',
    [
        (dict(d_iner=np.zeros((5, 6))), 'has no d_skel, but d_iner'),
        (dict(d_skel=np.zeros((20, 3))), 'has a d_skel of the shape (20, 3)'),
        (dict(d_skel=np.zeros((20, 2, 9))), 'has a d_skel of the shape (20, 2, 9)'),
        (dict(d_skel=np.zeros((25, 3, 9))), 'has 25 joints, the layout kinect20 20'),
        (dict(d_skel=np.full((20, 3, 9), np.nan)), 'has coordinates that are NaN'),
        (dict(d_skel='text'), 'has a d_skel of the shape'),
    ],
)
def test_bad_utd_mhad_files(tmp_path, content, fault):
    path = str(tmp_path / 'a1_s1_t1_skeleton.mat')
    scipy.io.savemat(path, content)
    with pytest.raises(UnreadableVideo) as caught:
        read_utd_mhad(path)
    assert caught.value.reason.startswith(fault)
    assert path in str(caught.value)


# the compact file

FULL = Skeleton(
    keypoint=np.stack([joints(90), joints(90, seed=1)]).astype(np.float32),
    layout='nturgb+d',
    colorXY=np.ones((2, 90, 25, 2), np.float32),
    depthXY=np.zeros((2, 90, 25, 2), np.float32),
    score=np.full((2, 90, 25), 0.5, np.float32),
    timestamps=np.arange(90) / 30,
)


def changed(**parts):
    return Skeleton(**{**vars(FULL), **parts})


def test_a_compact_file_holds_all_of_a_skeleton(tmp_path):
    path = str(tmp_path / 'new folder' / 'a.npz')
    write_compact(path, FULL)
    found = read_compact(path)
    assert found.layout == FULL.layout
    for name, value in vars(FULL).items():
        if name != 'layout':
            assert getattr(found, name).dtype == value.dtype
            assert np.array_equal(getattr(found, name), value), name
    assert [p.name for p in Path(path).parent.iterdir()] == ['a.npz']


@pytest.mark.parametrize(
    'skeleton, fault',
    [
        (changed(keypoint=FULL.keypoint[:, :, :24]), 'has 24 joints'),
        (changed(layout='kinect20'), 'has 25 joints, the layout kinect20 20'),
        (changed(keypoint=FULL.keypoint[0]), 'of the shape (90, 25, 3) instead of'),
        (changed(keypoint=FULL.keypoint[:, :0]), 'of the shape (2, 0, 25, 3)'),
        (changed(keypoint=FULL.keypoint * np.nan), 'NaN or infinite in frame 0'),
        (changed(score=FULL.score[:, :80]), 'has score of the shape (2, 80, 25)'),
        (changed(timestamps=np.zeros(90)), 'has timestamps that do not increase'),
    ],
)
def test_what_is_not_written(tmp_path, skeleton, fault):
    with pytest.raises(UnreadableVideo) as caught:
        write_compact(str(tmp_path / 'a.npz'), skeleton)
    assert fault in str(caught.value)
    assert not list(tmp_path.iterdir())


class Attack:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize('kind', ['pickle', 'npy', 'npz', 'layout'])
def test_a_pickle_is_refused_and_not_executed(tmp_path, kind):
    witness = tmp_path / 'executed'
    path = str(tmp_path / 'a.npz')
    attack = np.array([Attack(witness)], dtype=object)
    with open(path, 'wb') as f:
        if kind == 'pickle':
            pickle.dump(Attack(witness), f)
        elif kind == 'npy':
            np.save(f, attack, allow_pickle=True)
        else:
            name = 'keypoint' if kind == 'npz' else 'layout'
            np.savez(f, **{**vars(FULL), name: attack})
    with pytest.raises(UnreadableVideo, match='is no compact skeleton file: make it'):
        read_compact(path)
    assert not witness.exists()
    if kind == 'pickle':  # the file is a real attack
        pickle.loads(Path(path).read_bytes())
        assert witness.exists()


@pytest.mark.parametrize('content', [b'', b'no zip', b'PK\3\4' + bytes(40)])
def test_what_is_no_compact_file(tmp_path, content):
    (tmp_path / 'a.npz').write_bytes(content)
    with pytest.raises(UnreadableVideo, match='is no compact skeleton file'):
        read_compact(str(tmp_path / 'a.npz'))
    with pytest.raises(UnreadableVideo, match='does not exist'):
        read_compact(str(tmp_path / 'b.npz'))


def test_a_cut_off_compact_file(tmp_path):
    path = tmp_path / 'a.npz'
    write_compact(str(path), FULL)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(UnreadableVideo, match='is no compact skeleton file'):
        read_compact(str(path))


def test_numbers_that_are_none(tmp_path):
    path = str(tmp_path / 'a.npz')
    np.savez(path, **{**vars(FULL), 'keypoint': np.full((1, 5, 25, 3), 'x')})
    with pytest.raises(UnreadableVideo, match='no floating-point numbers'):
        read_compact(path)


def test_oddities():
    body = joints(6)[None].astype(np.float32)
    assert find_oddities(Skeleton(body, 'nturgb+d')) == []
    lost, leap, zero = body.copy(), body.copy(), body.copy()
    lost[:, 2] = 0
    leap[:, 3:] += 0.4  # 0.69 m in space
    zero[0, 1, 7] = 0
    assert find_oddities(Skeleton(lost, 'nturgb+d')) == ['frames without a body']
    assert find_oddities(Skeleton(leap, 'nturgb+d')) == [
        'a jump of over 0.5 m between frames'
    ]
    assert find_oddities(Skeleton(zero, 'nturgb+d')) == ['joints at exactly 0']
    assert find_oddities(Skeleton(body[:, :1], 'nturgb+d')) == ['1 frame only']


def test_json_that_numpy_could_take_for_numbers(tmp_path):
    """A string of digits is no coordinate."""
    frames = joints(2, 20).tolist()
    frames[0][0] = ['1', '2', 'x']
    path = write_nw_ucla(tmp_path, 'a03_s01_e00_v01', 3, skeletons=frames)
    assert json.loads(path.read_text())
    with pytest.raises(UnreadableVideo, match='not three numbers each'):
        read_nw_ucla(str(path))
