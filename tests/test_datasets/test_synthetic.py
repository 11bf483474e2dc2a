"""The generator of synthetic pairs: what it writes is what it says."""

import json
import runpy
import shutil
import sys
from collections import Counter
from pathlib import Path

import decord
import numpy as np
import pytest

from mmbimodal.datasets.synthetic import (
    ACTIONS,
    Request,
    Settings,
    generate,
    make_clip,
    ntu,
)
from mmbimodal.datasets.synthetic import clip as clip_module
from mmbimodal.datasets.synthetic.camera import draw_camera
from mmbimodal.datasets.synthetic.distractor import draw_distractor, draw_spans
from mmbimodal.datasets.synthetic.handicaps import (
    DIFFICULTIES,
    Handicaps,
    draw_handicaps,
)
from mmbimodal.errors import InputError

TOOL = Path(__file__).parents[2] / 'tools/data/synth/generate.py'
MODALITIES = ('rgb', 'ir')
SETTINGS = Settings(seed=3, size=(96, 128), difficulty='default')
REQUEST = Request(train=14, test=12, settings=SETTINGS)
SMALL = Request(train=4, test=3, settings=SETTINGS)


def write(root, request=REQUEST, workers=1):
    generate(root, request, workers)
    return root


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob('*'))
        if path.is_file()
    }


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp('synthetic') / 'whole set')


@pytest.fixture(scope='module')
def small(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp('synthetic') / 'small', SMALL)


@pytest.fixture(scope='module')
def truth(folder) -> dict:
    return json.loads((folder / 'truth.json').read_text())


def parse_skeleton(path: Path) -> np.ndarray:
    """[T, bodies, 25, 12], by the official layout."""
    lines = iter(path.read_text().splitlines())
    frames = []
    for _ in range(int(next(lines))):
        bodies = []
        for _ in range(int(next(lines))):
            assert len(next(lines).split()) == 10
            joints = int(next(lines))
            bodies.append(
                [[float(value) for value in next(lines).split()] for _ in range(joints)]
            )
        frames.append(bodies)
    assert next(lines, None) is None
    return np.array(frames)


def undisturbed(monkeypatch, **changes) -> None:
    def none(modality, difficulty, frames, rng):
        values = dict(
            names=(),
            contrast=np.ones(frames),
            hidden=None,
            sigma=1.0,
            passer_by=False,
            warm_background=False,
        )
        return Handicaps(**{**values, **changes})

    monkeypatch.setattr(clip_module, 'draw_handicaps', none)


def test_same_seed_same_bytes_with_two_workers(small, tmp_path):
    two = write(tmp_path / 'two', SMALL, workers=2)
    assert len(contents(two)) == 3 * 7 + 4
    assert contents(two) == contents(small)


def test_another_seed_other_videos(folder):
    sample_id = 'S001C001P001R001A010'
    one, two = (
        make_clip(sample_id, Settings(seed, (96, 128), 'easy')) for seed in (3, 4)
    )
    assert one.skeleton != two.skeleton


def test_an_interrupted_run_is_completed(small, tmp_path, capsys):
    root = tmp_path / 'interrupted'
    # A folder stands in the way of the sixth clip's skeleton.
    sixth = sorted(small.rglob('*.skeleton'), key=lambda path: path.stat().st_mtime)[5]
    obstacle = root / sixth.relative_to(small)
    (obstacle / 'full').mkdir(parents=True)
    (root / '.unfinished').mkdir()
    (root / '.unfinished/meta.json').write_text(json.dumps(SMALL.meta()))
    with pytest.raises(InputError, match='cannot be written'):
        write(root, SMALL)
    assert not (root / 'truth.json').exists()
    finished = [path.stem for path in root.rglob('*.truth')]
    assert len(finished) in (5, 6)  # the next one may have begun
    before = {
        path: path.stat().st_mtime_ns
        for name in finished
        for path in root.rglob(f'{name}_*.avi')
    }
    shutil.rmtree(obstacle)
    capsys.readouterr()
    write(root, SMALL)
    assert '7/7' in capsys.readouterr().err
    assert contents(root) == contents(small)
    assert all(path.stat().st_mtime_ns == was for path, was in before.items())


def test_a_lost_file_is_written_again(small, tmp_path):
    root = write(tmp_path / 'lost', SMALL)
    next(root.rglob('*_ir.avi')).unlink()
    assert contents(write(root, SMALL)) == contents(small)


def test_classes_are_balanced_and_cameras_split(folder, truth):
    ids = list(truth['samples'])
    assert len(set(ids)) == 26
    train = [i for i in ids if i[4:8] in ('C002', 'C003')]
    test = [i for i in ids if i[4:8] == 'C001']
    assert (len(train), len(test)) == (14, 12)
    assert set(Counter(i[-4:] for i in test).values()) == {1}
    assert sorted(Counter(i[-4:] for i in train).values()) == [1] * 10 + [2] * 2
    for sample_id in ids:
        label = int(sample_id[-3:]) - 1
        assert truth['samples'][sample_id]['action'] == ACTIONS[label]
    assert (folder / 'label_map.txt').read_text().split() == list(ACTIONS)


def test_a_large_set_has_no_id_twice():
    most = ntu.largest_count((2, 3), 12)
    ids = ntu.sample_ids(most, (2, 3), 12)
    assert len(set(ids)) == most == 32640
    few = ntu.sample_ids(960, (2, 3), 12)
    assert {i[12:16] for i in few} == {'R001', 'R002'}
    assert len({i[8:12] for i in few}) == 40
    assert set(Counter(i[-4:] for i in few).values()) == {80}


def test_videos_skeleton_and_truth_have_the_same_frames(folder, truth):
    shapes = {'rgb': (96, 128, 3), 'ir': (57, 77, 3)}
    for sample_id, sample in list(truth['samples'].items())[:6]:
        lengths = set()
        for modality in MODALITIES:
            path = folder / f'nturgb+d_{modality}' / f'{sample_id}_{modality}.avi'
            video = decord.VideoReader(str(path))
            assert video[0].shape == shapes[modality]
            assert video.get_avg_fps() == 25
            assert len(video.get_key_indices()) == len(video)
            lengths |= {
                len(video),
                len(sample[modality]['visible']),
                len(sample[modality]['box']),
            }
        skeleton = parse_skeleton(
            folder / 'nturgb+d_skeletons' / f'{sample_id}.skeleton'
        )
        pair = sample['action'] in ('fight', 'handshake', 'hug', 'punch', 'push')
        assert skeleton.shape[1:] == (2 if pair else 1, 25, 12)
        assert lengths == {len(skeleton)}
        assert 24 <= len(skeleton) <= 40


@pytest.mark.parametrize('action', range(1, 13))
def test_boxes_hold_the_joints_in_both_pictures(action, monkeypatch, tmp_path):
    undisturbed(monkeypatch)
    clip = make_clip(f'S001C002P003R001A{action:03}', SETTINGS)
    path = tmp_path / 'a.skeleton'
    path.write_text(clip.skeleton)
    joints = parse_skeleton(path)
    for modality, columns, size in (
        ('rgb', [5, 6], (128, 96)),
        ('ir', [3, 4], (77, 57)),
    ):
        places = (joints[..., columns] / size).reshape(len(joints), -1, 2)
        places = np.clip(places, 0, 1)
        boxes = np.array(clip.truth[modality]['box'])
        assert (places >= boxes[:, None, :2] - 1e-3).all()
        assert (places <= boxes[:, None, 2:] + 1e-3).all()
        # Nor are they much larger than the body, of which the joints
        # leave out the flesh.
        spread = (places.max(1) - places.min(1)).prod(1)
        assert (boxes[:, 2:] - boxes[:, :2]).prod(1).mean() < (2.2 * spread.mean())
        assert np.mean(clip.truth[modality]['visible']) > 0.9


def test_the_box_is_where_the_picture_differs(monkeypatch):
    """Where two clips that differ in their actor alone differ."""
    undisturbed(monkeypatch)
    sample_id = 'S001C001P001R001A002'
    clip = make_clip(sample_id, SETTINGS)
    monkeypatch.setattr(clip_module, 'perform', _elsewhere)
    empty = make_clip(sample_id, SETTINGS)
    for modality in MODALITIES:
        one = clip.films[modality].frames[0].astype(int)
        difference = np.abs(one - empty.films[modality].frames[0]).max(-1)
        rows, columns = np.nonzero(difference > 25)
        x1, y1, x2, y2 = clip.films[modality].boxes[0]
        height, width = difference.shape
        inside = (
            (columns >= x1 * width - 2)
            & (columns <= x2 * width + 2)
            & (rows >= y1 * height - 2)
            & (rows <= y2 * height + 4)
        )
        assert inside.mean() > 0.97 and inside.sum() > 50
        assert empty.truth[modality]['box'][0] is None
        assert not any(empty.truth[modality]['visible'])


def _elsewhere(*args):
    from mmbimodal.datasets.synthetic.actions import perform

    poses = perform(*args)
    for pose in poses:
        pose.x = pose.x + 20
    return poses


def test_the_occluder_hides_for_the_frames_it_was_drawn_for(monkeypatch):
    for action in (1, 5, 11):
        undisturbed(monkeypatch, hidden=(8, 17))
        clip = make_clip(f'S001C003P002R001A{action:03}', SETTINGS)
        for modality in MODALITIES:
            visible = np.array(clip.truth[modality]['visible'])
            assert not visible[8:17].any()
            assert visible[:8].all() and visible[17:].all()


def test_an_occluder_takes_a_third_to_a_half_of_the_frames():
    rng = np.random.default_rng(0)
    for frames in range(24, 41):
        for _ in range(200):
            drawn = draw_handicaps('rgb', 'default', frames, rng)
            if drawn.hidden:
                start, stop = drawn.hidden
                assert 0.3 <= (stop - start) / frames <= 0.5
                assert start >= 1 and stop < frames


def test_darkness_and_crossover_end_visibility(monkeypatch):
    undisturbed(monkeypatch, contrast=np.r_[np.ones(12), np.zeros(30)])
    clip = make_clip('S001C001P004R001A003', SETTINGS)
    for modality in MODALITIES:
        visible = np.array(clip.truth[modality]['visible'])
        assert visible[:12].all() and not visible[12:].any()


def test_modalities_draw_their_handicaps_independently():
    rng = {name: np.random.default_rng(seed) for seed, name in enumerate(MODALITIES)}
    drawn = np.array(
        [
            [
                bool(draw_handicaps(name, 'default', 30, rng[name]).hidden)
                for name in MODALITIES
            ]
            for _ in range(2000)
        ]
    )
    expected = DIFFICULTIES['default'].occluder
    assert (np.abs(drawn.mean(0) - expected) < 0.04).all()
    assert abs((drawn[:, 0] & drawn[:, 1]).mean() - expected**2) < 0.03


@pytest.mark.parametrize(
    'sample_id, rgb, ir',
    [
        ('S001C001P003R001A004', ([], 33, 80.12), (['passer_by'], 33, 85.72)),
        (
            'S005C003P011R002A012',
            ([], 39, 89.34),
            (['occluder', 'crossover', 'passer_by'], 17, 79.73),
        ),
    ],
)
def test_a_seed_gives_what_it_gave_in_version_3(sample_id, rgb, ir):
    clip = make_clip(sample_id, Settings(0, (112, 112), 'default'))
    assert clip.truth.keys() == {'action', 'rgb', 'ir'}
    for modality, (handicaps, visible, level) in (('rgb', rgb), ('ir', ir)):
        assert clip.truth[modality].keys() == {'visible', 'box', 'handicaps'}
        assert clip.truth[modality]['handicaps'] == handicaps
        assert sum(clip.truth[modality]['visible']) == visible
        assert np.mean(clip.films[modality].frames) == pytest.approx(level, abs=0.02)


def test_a_distractor_treats_the_modalities_alike():
    rng = np.random.default_rng(0)
    shares = np.zeros((2000, 2))
    for row in shares:
        frames = int(rng.integers(24, 41))
        hidden = np.zeros((2, frames), bool)
        for modality, (start, stop) in draw_spans(frames, rng).items():
            hidden[MODALITIES.index(modality), start:stop] = True
        assert not hidden.all(0).any(), 'at every moment one modality shows the actor'
        row[:] = hidden.mean(1)
    assert abs(shares[:, 0].mean() - shares[:, 1].mean()) < 0.02
    assert 0.45 < shares.mean() < 0.5
    assert 0.94 < (shares.max(1) > 0).mean() < 0.98
    assert 0.55 < (shares.min(1) > 0).mean() < 0.65
    assert 0.08 < (shares.max(1) == 1).mean() < 0.16


def test_a_distractor_is_larger_and_does_something_else():
    rng = np.random.default_rng(0)
    done = Counter()
    for _ in range(60):
        camera = draw_camera(1, 1.0, rng)
        drawn = draw_distractor('walk', 30, camera, rng)
        done[drawn.action] += 1
        for joints, who in zip(drawn.joints, drawn.subjects, strict=True):
            seen = camera.project(camera.look(joints))
            # from the hip to the neck, which no action folds much
            trunk = np.linalg.norm(seen[:, 2] - seen[:, 0], axis=1).max()
            there = camera.focal / camera.distance * who.physique.height * 0.29
            assert 1.05 < trunk / there < 1.6
    assert set(done) == set(ACTIONS) - {'walk'}


def test_the_truth_says_where_the_distractor_is():
    settings = Settings(5, (96, 128), 'distractor')
    kinds = Counter()
    for action in range(1, 13):
        clip = make_clip(f'S{action:03}C002P{action:03}R001A{action:03}', settings)
        spans = {name: clip.truth[name]['hidden'] for name in MODALITIES}
        kinds[sum(span is not None for span in spans.values())] += 1
        assert (clip.truth['distractor'] is None) == (not any(spans.values()))
        assert clip.truth['distractor'] != clip.truth['action']
        for name, span in spans.items():
            visible = np.array(clip.truth[name]['visible'])
            assert ('distractor' in clip.truth[name]['handicaps']) == bool(span)
            start, stop = span or (0, 0)
            assert not visible[start:stop].any()
            assert np.delete(visible, np.s_[start:stop]).mean() > 0.8 or stop > start
    assert kinds[1] and kinds[2]


def test_the_distractor_is_before_the_board(monkeypatch):
    """Without it, hidden frames differ by a body, all others hardly."""
    sample_id, settings = 'S001C002P001R001A001', Settings(5, (96, 128), 'distractor')
    clip = make_clip(sample_id, settings)
    monkeypatch.setattr(clip_module.Distractor, 'figures', _far_off)
    empty = make_clip(sample_id, settings)
    for modality in MODALITIES:
        films = np.array(
            [c.films[modality].frames for c in (clip, empty)], dtype=np.int16
        )
        differs = (np.abs(films[0] - films[1]).max(-1) > 25).mean((1, 2))
        start, stop = clip.truth[modality]['hidden']
        inside = np.arange(len(differs))
        inside = (start <= inside) & (inside < stop)
        assert differs[inside].min() > 0.08
        assert np.median(differs[~inside]) == 0


def _far_off(distractor, camera, view):
    figures = [
        clip_module.Figure.of(who, joints, camera, view)
        for who, joints in zip(distractor.subjects, distractor.joints)
    ]
    for figure in figures:
        figure.centres += 20
    return figures


@pytest.mark.parametrize('difficulty, same', [('default', True), ('distractor', False)])
def test_who_is_tested_elsewhere(difficulty, same, monkeypatch):
    drawn = []
    for name in ('draw_scene', 'draw_subject'):
        draw = getattr(clip_module, name)
        monkeypatch.setattr(
            clip_module,
            name,
            lambda rng, draw=draw: drawn.append(draw(rng)) or drawn[-1],
        )
    settings = Settings(5, (48, 48), difficulty)
    for camera in (1, 2, 3):
        make_clip(f'S004C{camera:03}P007R001A010', settings)
    # the actor, a stranger in the background, the place
    one, _, place_one, two, _, place_two, three, _, place_three = drawn
    assert (two, place_two.structures) == (three, place_three.structures)
    assert (one == two) is same
    assert (place_one.structures == place_two.structures) is same


def test_another_seed_into_the_same_folder_is_refused(folder):
    before = contents(folder)
    other = Request(14, 12, Settings(4, (96, 128), 'default'))
    with pytest.raises(InputError, match=r'seed 3 instead of 4.*choose'):
        write(folder, other)
    assert contents(folder) == before


def test_a_folder_of_real_videos_is_refused(tmp_path):
    (tmp_path / 'nturgb+d_rgb').mkdir()
    with pytest.raises(InputError, match='did not write'):
        write(tmp_path)


@pytest.mark.parametrize(
    'arguments, code, message',
    [
        (['--size', '96'], 2, 'is not HxW'),
        (['--size', '8x8'], 1, '--size 8x8 is out of range'),
        (['--train', '-1'], 1, '--train -1 is not possible'),
        (['--train', '0', '--test', '0'], 1, 'leaves nothing to write'),
        (['--workers', '0'], 1, '--workers 0 is not possible'),
        (['--difficulty', 'brutal'], 2, 'invalid choice'),
    ],
)
def test_bad_arguments(arguments, code, message, tmp_path, monkeypatch, capsys):
    out = tmp_path / 'out'
    monkeypatch.setattr(sys, 'argv', ['generate.py', str(out), *arguments])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(TOOL), run_name='__main__')
    if code == 1:
        assert message in stop.value.code
        assert '\n' not in stop.value.code
    else:
        assert stop.value.code == 2
        assert message in capsys.readouterr().err
    assert not out.exists()


def test_a_file_in_the_folders_place_is_one_sentence(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(InputError, match='cannot be written'):
        write(tmp_path / 'file')
