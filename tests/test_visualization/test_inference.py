import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate

from mmbimodal.apis import (
    build_test_set,
    init_recognizer,
    inspect_dataset,
    inspect_selection,
)
from mmbimodal.errors import InputError


@pytest.fixture
def model(config, checkpoint):
    return init_recognizer(config, checkpoint)


def test_counts_are_those_of_the_config(model, config):
    selection = inspect_selection(model, config, 's1')
    assert list(selection.modalities) == ['rgb', 'ir']
    parts = selection.modalities.values()
    levels = np.concatenate([x.levels for x in parts])
    kept = np.concatenate([x.marks for x in parts]).sum(axis=(1, 2))
    # 2 × 8 frames of 4×4 regions; 0.25 of 16, 0.60 of 16, 0.35 of 16
    assert [(levels == x).sum() for x in ('key', 'secondary')] == [4, 4]
    assert set(kept[levels == 'key']) == {10}
    assert set(kept[levels == 'secondary']) == {6}
    assert set(kept[levels == 'background']) == {0}
    scores = np.concatenate([x.scores for x in parts])
    assert scores.min() == 0 and scores.max() == 1
    assert scores[levels == 'key'].min() >= scores[levels != 'key'].max()


def test_frames_are_what_the_pipeline_gives(model, config):
    selection = inspect_selection(model, config, 's2')
    packed = build_test_set(config)[2]
    for name, part in selection.modalities.items():
        expected = packed['inputs'][name][0].permute(1, 2, 3, 0).numpy()
        assert part.frames.dtype == np.uint8
        assert part.frames.shape == (8, 64, 64, 3)
        assert np.array_equal(part.frames, expected)
        # MMAction2: segments of 19/8 frames, rounded start plus half of it
        assert part.frame_inds.tolist() == [1, 3, 6, 8, 11, 13, 15, 18]
        # 96×72, whose short side is 72 already, then 64×64 of the middle;
        # the other modality is resized to the same size
        assert np.allclose(part.crop, (16 / 96, 4 / 72, 64 / 96, 64 / 72), atol=1e-6)


def test_prediction_is_that_of_testing(model, config):
    selection = inspect_selection(model, config, 's1')
    data = pseudo_collate([build_test_set(config)[1]])
    with torch.no_grad():
        tested = model.test_step(data)[0]
    assert np.allclose(selection.class_scores, tested.pred_score, atol=1e-6)
    assert selection.label == 1
    assert selection.classes == ('fight', 'hug', 'walk')


def test_all_samples_in_order(model, config):
    found = list(inspect_dataset(model, build_test_set(config)))
    assert [x.sample_id for x in found] == ['s0', 's1', 's2']
    alone = inspect_selection(model, config, 's1')
    assert np.array_equal(found[1].class_scores, alone.class_scores)


def test_scores_are_those_of_their_modality(model, config):
    """Whatever the order in which the data set names the modalities."""
    found = inspect_selection(model, config, 's1').modalities
    settings = config.test_dataloader.dataset
    settings.modalities = settings.modalities[::-1]
    again = inspect_selection(model, config, 's1').modalities
    assert list(again) == list(found) == ['rgb', 'ir']
    for name, part in again.items():
        assert np.array_equal(part.marks, found[name].marks)


def test_one_file_without_its_partner(model, config, data_root):
    path = data_root / 'ir/s1.avi'
    selection = inspect_selection(model, config, dict(ir=str(path)))
    assert selection.sample_id == 's1' and selection.label is None
    assert list(selection.modalities) == ['ir']
    part = selection.modalities['ir']
    # all 4 + 4 frames come from the one modality, in the quota's order
    assert sorted(part.marks.sum(axis=(1, 2))) == [6] * 4 + [10] * 4
    assert np.isfinite(part.scores).all()


@pytest.mark.parametrize(
    'sample, message',
    [
        ('nobody', "there is no sample 'nobody' in .*ids are like s0"),
        (dict(depth='x.avi'), 'modalities depth, the model knows rgb, ir'),
        (dict(), r'\(none\)'),
        (dict(ir='nowhere.avi'), 'nowhere.avi, the ir of the sample, does not'),
    ],
)
def test_mistakes(model, config, sample, message):
    with pytest.raises(InputError, match=message):
        inspect_selection(model, config, sample)


def test_several_views_are_refused(model, config):
    pipeline = config.test_dataloader.dataset.pipeline
    pipeline[1].transforms[0].num_clips = 2
    with pytest.raises(InputError, match='makes 2 views'):
        inspect_selection(model, config, 's0')


def test_checkpoint_of_another_model_is_refused(config, checkpoint):
    config.model.backbone.num_layers = 2
    with pytest.raises(InputError, match='does not fit this model'):
        init_recognizer(config, checkpoint)


def test_model_without_selection_is_refused(config, tmp_path):
    from mmaction.registry import MODELS

    config.model.backbone.with_saliency = False
    config.model.neck = dict(type='FeatureSum')
    config.model.cls_head = dict(
        type='TimeSformerHead', num_classes=3, in_channels=96, average_clips='prob'
    )
    path = tmp_path / 'baseline.pth'
    torch.save(MODELS.build(config.model).state_dict(), path)
    model = init_recognizer(config, str(path))
    with pytest.raises(InputError, match='nothing is selected in this model'):
        inspect_selection(model, config, 's0')
