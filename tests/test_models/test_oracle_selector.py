"""The selection that is told the truth."""

import pytest
import torch
from factory import CHANNELS, MODALITIES, build, make_batch, model_config

from mmbimodal.errors import InputError


def told(samples, visible):
    """Say of each sample and modality which frames show the actor."""
    for sample, flags in zip(samples, visible):
        parts = {name: dict(visible=x) for name, x in zip(MODALITIES, flags)}
        sample.set_metainfo(dict(sample_id='s', modalities=parts))
    return samples


@pytest.fixture
def model():
    neck = dict(type='OracleSelector', in_channels=CHANNELS, k1=0.25, k2=0.25)
    return build(model_config(neck=neck)).eval()


# Of 2×4 frames four are selected.
TRUTH = [
    ([True, False, True, False], [False, True, False, True]),
    ([False] * 4, [True] * 4),
    ([True] * 4, [False, True, True, False]),
]


def selected(model, inputs, samples):
    tokens, _ = model.extract_feat(inputs, data_samples=samples)
    return tokens.marks.any(2)


def test_visible_frames_come_first(model):
    inputs, samples = make_batch(3)
    visible = torch.tensor(TRUTH).flatten(1)
    marks = selected(model, inputs, told(samples, TRUTH))
    assert marks.sum(1).tolist() == [4, 4, 4]
    assert torch.equal(marks[:2], visible[:2])
    # six of the third sample's frames are visible
    assert not (marks & ~visible).any()


def test_crops_of_a_sample_show_the_same_frames(model):
    inputs, samples = make_batch(3, views=2)
    marks = selected(model, inputs, told(samples, TRUTH)).unflatten(0, (3, 2))
    visible = torch.tensor(TRUTH).flatten(1)[:, None]
    assert not (marks & ~visible).any()


def test_the_learned_score_decides_among_visible_frames(model):
    inputs, samples = make_batch(3)
    everything = told(samples, [([True] * 4, [True] * 4)] * 3)
    assert torch.equal(
        selected(model, inputs, everything), selected(model, inputs, None)
    )


def test_predictions_know_the_truth_too(model):
    inputs, samples = make_batch(3)
    scores = []
    for truth in (TRUTH, [(y, x) for x, y in TRUTH]):
        with torch.no_grad():
            out = model(inputs, told(samples, truth), mode='predict')
        scores.append(torch.stack([x.pred_score for x in out]))
    assert (scores[0] - scores[1]).abs().amax(1).min() > 1e-4


@pytest.mark.parametrize(
    'part, found', [({}, '0 frames'), (dict(visible=[True]), '1 frames')]
)
def test_samples_that_do_not_say_it(model, part, found):
    inputs, samples = make_batch(1)
    samples[0].set_metainfo(
        dict(sample_id='s7', modalities=dict.fromkeys(MODALITIES, part))
    )
    with pytest.raises(InputError, match=f's7 says of {found}.*LoadVisibility'):
        selected(model, inputs, samples)
