"""Generated skeletons: a sensor's mistakes are where the truth says."""

import json
from dataclasses import replace

import numpy as np
import pytest

from mmbimodal.datasets.skeleton import NTU_RGBD, read_compact
from mmbimodal.datasets.synthetic import Request, Settings, generate, make_clip
from mmbimodal.datasets.synthetic.camera import Camera, View
from mmbimodal.datasets.synthetic.handicaps import DIFFICULTIES
from mmbimodal.datasets.synthetic.sensor import (
    LIMBS,
    STRENGTHS,
    Mistakes,
    draw_mistakes,
    track,
)
from mmbimodal.errors import InputError

NONE = Mistakes(names=(), sigma=0.0, limb=None, swapped=None, away={})
# At the height of its aim, 4 m away; one metre is a quarter of the picture's height.
CAMERA = Camera(0.0, 0.0, distance=4.0, focal=1.0, aspect=2.0, aim=(0.0, 1.0, 0.0))
VIEWS = dict(rgb=View(), ir=View(0.5, (0.1, 0.0)))
SIZES = dict(rgb=(100, 200), ir=(60, 120))
MODALITIES = ('rgb', 'ir')


def body(frames=6, persons=1):
    """Joint j of frame t is at (0.1 j - 1, 1 + 0.1 t, 0)."""
    t, j = np.meshgrid(np.arange(frames), np.arange(25), indexing='ij')
    one = np.stack([0.1 * j - 1, 1 + 0.1 * t, 0.0 * t], -1)
    return np.stack([one] * persons)


def observe(mistakes=NONE, joints=None, board=None):
    joints = body() if joints is None else joints
    rng = np.random.default_rng(0)
    return track(joints, CAMERA, VIEWS, SIZES, board, mistakes, rng)


def test_without_mistakes_it_is_the_true_skeleton_in_the_cameras_space():
    skeleton, truth = observe()
    expected = body() - (0, 1, 0) + (0, 0, 4)
    np.testing.assert_allclose(skeleton.keypoint, expected, atol=1e-6)
    # joint 15 is 0.5 m to the right: 1/8 of the height, 1/16 of the width
    np.testing.assert_allclose(skeleton.colorXY[0, 0, 15], (112.5, 50), atol=1e-4)
    # half of the way from the middle, and a tenth of the width to the right
    np.testing.assert_allclose(skeleton.depthXY[0, 0, 15], (75.75, 30), atol=1e-4)
    assert (skeleton.score == 1).all()
    np.testing.assert_allclose(skeleton.timestamps, np.arange(6) / 25)
    assert truth == dict(visible=[True] * 6, lost=[0] * 6, swapped=None, handicaps=[])


def test_the_noise_has_its_deviation_in_metres_and_moves_the_pixels_with_it():
    skeleton, _ = observe(replace(NONE, sigma=0.05), body(40, 2))
    error = skeleton.keypoint - (body(40, 2) - (0, 1, 0) + (0, 0, 4))
    assert error.std() == pytest.approx(0.05, rel=0.05)
    assert abs(error.mean()) < 0.003
    x, _, depth = np.moveaxis(skeleton.keypoint, -1, 0)
    np.testing.assert_allclose(
        skeleton.colorXY[..., 0], 100 + 100 * x / depth, rtol=1e-4
    )


def test_a_joint_behind_the_board_stays_where_it_was_seen():
    # in frames 2 and 3 the board is before joint 10, in frame 3 before all of them
    board = np.full((6, 4), 2.0)
    board[2] = (0.49, 0.0, 0.51, 1.0)
    board[3] = (0.0, 0.0, 1.0, 1.0)
    skeleton, truth = observe(board=board)
    assert truth['lost'] == [0, 0, 1, 25, 0, 0]
    assert truth['visible'] == [True] * 3 + [False] + [True] * 2
    assert truth['handicaps'] == ['occluder']
    place = skeleton.keypoint[0, :, 10, 1]
    np.testing.assert_allclose(place, [0, 0.1, 0.1, 0, 0.4, 0.5], atol=1e-6)
    assert skeleton.score[0, :, 10].tolist() == [1, 1, 0.5, 0, 1, 1]
    assert not skeleton.keypoint[0, 3].any(), 'no joint is seen: no body'
    assert not skeleton.colorXY[0, 3].any()


def test_a_lost_limb_and_what_is_never_seen():
    limb = LIMBS[0]
    assert [NTU_RGBD.joints[j] for j in limb] == [
        f'{part}_left' for part in ('elbow', 'wrist', 'hand', 'hand_tip', 'thumb')
    ]
    skeleton, truth = observe(replace(NONE, limb=(limb, (0, 2))))
    assert truth['lost'] == [5, 5, 0, 0, 0, 0]
    # not seen before: where it is seen first
    np.testing.assert_allclose(skeleton.keypoint[0, :3, limb[0], 1], 0.2, atol=1e-6)
    skeleton, _ = observe(replace(NONE, limb=(limb, (0, 6))))
    assert not skeleton.score[0][:, limb].any()
    assert not skeleton.keypoint[0][:, limb].any()


def test_swapped_sides_exchange_joints_and_not_places():
    true, _ = observe()
    skeleton, truth = observe(replace(NONE, swapped=(1, 3)))
    assert truth['swapped'] == (1, 3)
    for left, right in NTU_RGBD.pairs:
        for name in ('keypoint', 'colorXY', 'depthXY'):
            swapped, straight = getattr(skeleton, name)[0], getattr(true, name)[0]
            assert (swapped[1:3, left] == straight[1:3, right]).all()
            assert (swapped[1:3, right] == straight[1:3, left]).all()
    unpaired = sorted(set(range(25)) - set(np.ravel(NTU_RGBD.pairs)))
    assert (skeleton.keypoint[:, :, unpaired] == true.keypoint[:, :, unpaired]).all()
    assert (skeleton.keypoint[:, [0, 3, 4, 5]] == true.keypoint[:, [0, 3, 4, 5]]).all()


def test_a_body_that_is_not_found_is_zero_and_the_other_one_stays():
    skeleton, truth = observe(replace(NONE, away={1: (2, 5)}), body(6, 2))
    there = skeleton.keypoint.any((2, 3))
    assert there.tolist() == [[True] * 6, [True, True, False, False, False, True]]
    assert truth['lost'] == [0, 0, 25, 25, 25, 0]
    assert truth['visible'] == [True] * 6, 'half of the joints'


def test_a_clip_without_anybody_is_not_kept():
    skeleton, truth = observe(replace(NONE, names=('no_body',), away={0: (0, 6)}))
    assert skeleton.keypoint.any((2, 3)).all()
    assert truth['handicaps'] == []
    away = {0: (0, 6), 1: (0, 6)}
    mistakes = replace(NONE, names=('no_body',), away=away)
    skeleton, truth = observe(mistakes, body(6, 2))
    assert skeleton.keypoint.any((1, 2, 3)).tolist() == [True, False]
    assert truth['handicaps'] == ['no_body']


def test_mistakes_are_drawn_as_often_and_as_strong_as_it_is_said():
    rng = np.random.default_rng(0)
    level = STRENGTHS['default']
    drawn = [draw_mistakes('default', 30, 1, rng) for _ in range(2000)]
    for kind in ('noise', 'lost_limb', 'swapped_sides', 'no_body'):
        share = np.mean([kind in mistakes.names for mistakes in drawn])
        assert share == pytest.approx(getattr(level, kind), abs=0.04)
    for mistakes in drawn:
        assert ('noise' in mistakes.names) == (mistakes.sigma >= level.sigma[0])
        for span in (mistakes.swapped, mistakes.away.get(0)):
            if span:
                assert 0 <= span[0] < span[1] <= 30
                assert level.span[0] - 0.02 <= (span[1] - span[0]) / 30
    assert STRENGTHS.keys() == DIFFICULTIES.keys()


@pytest.mark.parametrize('difficulty', ['default', 'distractor'])
def test_the_videos_and_their_truth_stay_what_they_are(difficulty):
    settings = Settings(5, (48, 64), difficulty)
    for action in (1, 6, 11):
        sample_id = f'S{action:03}C002P{action:03}R001A{action:03}'
        plain = make_clip(sample_id, settings)
        tracked = make_clip(sample_id, replace(settings, skeletons=True))
        assert plain.tracked is None
        for name in MODALITIES:
            assert np.array_equal(plain.films[name].frames, tracked.films[name].frames)
            assert plain.truth[name] == tracked.truth[name]
        assert plain.skeleton == tracked.skeleton
        assert tracked.truth.keys() - plain.truth.keys() == {'skeleton'}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp('tracked')
    generate(root, Request(6, 0, Settings(3, (48, 64), 'default', True)), 1)
    return root


def test_the_folder_has_a_compact_file_per_pair(folder):
    annotation = json.loads((folder / 'annotations/xview_train.json').read_text())
    truth = json.loads((folder / 'truth.json').read_text())
    assert annotation['metainfo']['modalities'] == ['rgb', 'ir', 'skeleton']
    assert truth['meta']['skeletons'] is True
    for row in annotation['data_list']:
        skeleton = read_compact(str(folder / row['skeleton']))
        sample = truth['samples'][row['sample_id']]
        assert len(skeleton.timestamps) == len(sample['rgb']['visible'])
        assert (skeleton.score < 1).sum((0, 2)).tolist() == sample['skeleton']['lost']


def test_the_same_seed_gives_the_same_files_and_a_lost_one_comes_back(folder):
    files = sorted((folder / 'skeleton').iterdir())
    before = [path.read_bytes() for path in files]
    files[2].unlink()
    generate(folder, Request(6, 0, Settings(3, (48, 64), 'default', True)), 1)
    assert [path.read_bytes() for path in files] == before


def test_a_folder_with_skeletons_is_not_one_without(folder):
    with pytest.raises(InputError, match='skeletons True instead of None'):
        generate(folder, Request(6, 0, Settings(3, (48, 64), 'default')), 1)
