from types import SimpleNamespace

import numpy as np
import pytest

from mmbimodal.errors import InputError
from mmbimodal.evaluation import (
    box_in_view,
    read_truth,
    regions_in_box,
    selection_quality,
)

WHOLE = (0, 0, 1, 1)


def part(levels, marks, frame_inds, crop=WHOLE, scores=None):
    return SimpleNamespace(
        scores=np.zeros(len(levels)) if scores is None else np.array(scores),
        levels=np.array(levels),
        marks=np.array(marks, bool),
        frame_inds=np.array(frame_inds),
        crop=np.array(crop),
    )


def sample(**modalities):
    return SimpleNamespace(sample_id='s', modalities=modalities)


def test_box_is_mapped_through_the_crop():
    # The view is the middle half in x and the upper three quarters in y.
    box = box_in_view((0.25, 0.0, 0.5, 0.75), (0.25, 0.0, 0.5, 0.75))
    assert np.allclose(box, (0, 0, 0.5, 1))
    box = box_in_view((0.0, 0.3, 1.0, 0.9), (0.25, 0.0, 0.5, 0.75))
    assert np.allclose(box, (-0.5, 0.4, 1.5, 1.2))
    assert np.allclose(box_in_view((0.1, 0.2, 0.3, 0.4), WHOLE), (0.1, 0.2, 0.3, 0.4))


def test_regions_by_their_centres():
    # centres at 1/8, 3/8, 5/8, 7/8
    inside = regions_in_box((0.1, 0.4, 0.7, 0.7), (4, 4))
    expected = np.zeros((4, 4), bool)
    expected[2, :3] = True
    assert np.array_equal(inside, expected)
    assert not regions_in_box((0.2, 0.2, 0.3, 0.3), (4, 4)).any()
    assert regions_in_box((-1, -1, 2, 2), (4, 4)).all()
    assert not regions_in_box((1.1, 0, 1.5, 1), (4, 4)).any()


def test_shares_and_chance_levels():
    left, top = (0, 0, 0.5, 1), (0, 0, 1, 0.5)
    corner = (0, 0, 0.5, 0.5)
    truth = dict(
        s=dict(
            a=dict(visible=[False, True, False, True], box=[None, left, corner, None]),
            b=dict(visible=[True, True], box=[top, corner]),
        )
    )
    found = selection_quality(
        [
            sample(
                a=part(
                    ['key', 'background', 'secondary'],
                    [[[1, 0], [1, 1]], [[0, 0], [0, 0]], [[1, 0], [0, 0]]],
                    [1, 0, 2],
                ),
                b=part(
                    ['secondary', 'background'],
                    [[[0, 1], [1, 0]], [[0, 0], [0, 0]]],
                    [0, 1],
                ),
            )
        ],
        truth,
    )
    # a: frame 1 (visible) and frame 2 (not) are selected, frame 0 is not.
    # Regions: 2 of 3 in frame 1, 1 of 1 in frame 2. Drawn at random: 3 × 2/4
    # + 1 × 1/4 of 4. Any frame: (2 + 1) of 8, as frame 0 has no box.
    assert found['a'] == dict(
        frames_visible=1 / 2,
        frames_chance=1 / 3,
        frames_chance_any=1 / 3,
        frames_auc=1 / 2,
        regions_inside=3 / 4,
        regions_chance=1.75 / 4,
        regions_chance_any_frame=3 / 8,
        selected_frames=2,
        sampled_frames=3,
        kept_regions=4,
    )
    # b: 1 of 2 in frame 0; drawn: 2 × 2/4; any frame: (2 + 1) of 8
    assert found['b'] == dict(
        frames_visible=1,
        frames_chance=1,
        frames_chance_any=1,
        frames_auc=None,
        regions_inside=1 / 2,
        regions_chance=1 / 2,
        regions_chance_any_frame=3 / 8,
        selected_frames=1,
        sampled_frames=2,
        kept_regions=2,
    )
    assert found['overall'] == dict(
        frames_visible=2 / 3,
        frames_chance=(2 * 1 / 3 + 1) / 3,
        frames_chance_any=3 / 5,
        frames_auc=1 / 2,
        regions_inside=4 / 6,
        regions_chance=2.75 / 6,
        regions_chance_any_frame=6 / 16,
        selected_frames=3,
        sampled_frames=5,
        kept_regions=6,
    )


def test_the_crop_counts():
    truth = dict(s=dict(a=dict(visible=[True], box=[(0.5, 0.5, 1, 1)])))
    marks = [[[1, 0], [0, 0]]]
    for crop, share in ((WHOLE, 0), ((0.5, 0.5, 0.5, 0.5), 1)):
        found = selection_quality([sample(a=part(['key'], marks, [0], crop))], truth)
        assert found['a']['regions_inside'] == share


def test_random_marks_reach_the_chance_level():
    rng = np.random.default_rng(0)
    frames, box = 4000, (0.1, 0.3, 0.6, 0.9)
    marks = rng.random((frames, 4, 4)).argsort(axis=2) < 2
    truth = dict(s=dict(a=dict(visible=[True] * frames, box=[box] * frames)))
    found = selection_quality(
        [sample(a=part(['key'] * frames, marks, range(frames)))], truth
    )['a']
    assert found['regions_chance'] == regions_in_box(box, (4, 4)).mean()
    assert abs(found['regions_inside'] - found['regions_chance']) < 0.01


def test_nothing_to_count():
    truth = dict(s=dict(a=dict(visible=[False], box=[None])))
    found = selection_quality([sample(a=part(['background'], [[[0]]], [0]))], truth)
    assert found['overall']['regions_inside'] is None
    assert found['overall']['frames_visible'] is None
    assert found['overall']['frames_chance_any'] == 0
    assert found['overall']['frames_chance'] is None
    assert found['overall']['frames_auc'] is None


def test_all_frames_of_the_better_modality_are_no_better_than_chance():
    """The actor is visible in 8 of 8 frames of one modality, 2 of 8 of the other."""
    visible = dict(a=[True] * 8, b=[True, True] + [False] * 6)
    truth = dict(s={k: dict(visible=x, box=[None] * 8) for k, x in visible.items()})
    marks = np.zeros((8, 1, 1))

    def quality(levels_a, levels_b, scores_b):
        parts = dict(
            a=part(levels_a, marks, range(8)),
            b=part(levels_b, marks, range(8), scores=scores_b),
        )
        return selection_quality([sample(**parts)], truth)

    key, dropped = ['key'] * 8, ['background'] * 8
    found = quality(key, dropped, np.linspace(1, 0, 8))
    assert found['overall']['frames_visible'] == found['overall']['frames_chance'] == 1
    assert found['overall']['frames_chance_any'] == 10 / 16
    # Both visible frames have higher scores than all six hidden ones.
    assert found['b']['frames_auc'] == 1
    found = quality(dropped, ['key'] * 2 + ['background'] * 6, [3, 1, 2, 2, 0, 0, 0, 0])
    assert found['overall']['frames_visible'] == 1
    assert found['overall']['frames_chance'] == 2 / 8
    # 12 pairs of a visible and a hidden frame: 6 + 4 in the right order.
    assert found['overall']['frames_auc'] == pytest.approx(10 / 12)


@pytest.mark.parametrize(
    'truth, missing',
    [
        (dict(), "'s'"),
        (dict(s=dict()), "'a'"),
        (dict(s=dict(a=dict(visible=[], box=[]))), 'index'),
    ],
)
def test_incomplete_truth(truth, missing):
    with pytest.raises(InputError, match=f'{missing}.*sample s: use'):
        selection_quality([sample(a=part(['key'], [[[1]]], [0]))], truth)


def test_a_file_that_is_no_truth(tmp_path):
    path = tmp_path / 'truth.json'
    for content in (None, '{', '{}', '[]'):
        if content is not None:
            path.write_text(content)
        with pytest.raises(InputError, match='is not a truth.json'):
            read_truth(str(path))
