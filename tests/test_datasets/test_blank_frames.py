import itertools

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS, TRANSFORMS
from mmaction.structures import ActionDataSample
from mmengine.dataset import Compose

from mmbimodal.errors import InputError


def packed(name='s', frames=8, images=False, absent=()):
    """Two modalities without a black pixel."""
    shape = (2 * frames, 3, 4, 4) if images else (2, 3, frames, 4, 4)
    inputs = {
        m: torch.empty(0)
        if m in absent
        else torch.randint(1, 256, shape, dtype=torch.uint8)
        for m in ('visible', 'thermal')
    }
    present = {m: {} for m in inputs if m not in absent}
    return dict(
        inputs=inputs,
        data_samples=ActionDataSample(
            metainfo=dict(sample_id=name, modalities=present)
        ),
    )


def blank(sample, share, modality='thermal'):
    return TRANSFORMS.build(dict(type='BlankFrames', modality=modality, share=share))(
        sample
    )


def black(x):
    """Which frames of V×C×T×H×W or (V·T)×C×H×W are black, each wholly so."""
    zero = (x == 0).transpose(0, 2 if x.ndim == 5 else 0).flatten(1)
    assert (zero.all(1) == zero.any(1)).all()
    return zero.all(1)


@pytest.mark.parametrize('images', [False, True])
@pytest.mark.parametrize(
    'share, expected',
    [(0, 0), (0.25, 2), (0.5, 4), (0.75, 6), (1, 8), (0.3, 2), (0.05, 0)],
)
def test_number_of_black_frames(share, expected, images):
    sample = packed(images=images)
    out = blank(sample, share)
    expected = round(16 * share) if images else expected
    assert black(out['inputs']['thermal']).sum() == expected
    kept = ~black(out['inputs']['thermal'])
    axis = 0 if images else 2
    for before, after in zip(
        sample['inputs']['thermal'].unbind(axis), out['inputs']['thermal'].unbind(axis)
    ):
        assert torch.equal(before, after) or not after.any()
    assert kept.sum() + expected == len(kept)
    assert torch.equal(out['inputs']['visible'], sample['inputs']['visible'])
    assert out['inputs']['thermal'].dtype == torch.uint8


def test_small_shares_are_nested_in_larger_ones():
    sample = packed()
    found = [
        black(blank(sample, share)['inputs']['thermal']) for share in (0.25, 0.5, 0.75)
    ]
    assert all((b | ~a).all() for a, b in itertools.pairwise(found))


def test_the_samples_id_alone_decides():
    first = black(blank(packed('a', 64), 0.5)['inputs']['thermal'])
    np.random.seed(5)
    again = black(blank(packed('a', 64), 0.5)['inputs']['thermal'])
    other = black(blank(packed('b', 64), 0.5)['inputs']['thermal'])
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_input_is_not_modified():
    sample = packed()
    before = sample['inputs']['thermal'].clone()
    blank(sample, 1)
    assert torch.equal(sample['inputs']['thermal'], before)


def test_an_absent_modality_stays_absent():
    out = blank(packed(absent=('thermal',)), 1)
    assert out['inputs']['thermal'].numel() == 0


@pytest.mark.parametrize('share', [-0.1, 1.01, float('nan')])
def test_no_share(share):
    with pytest.raises(InputError, match='BlankFrames: share=.*0 to 1'):
        blank(packed(), share)


def test_unknown_modality():
    with pytest.raises(InputError, match="'sound'.*visible, thermal"):
        blank(packed(), 0.5, 'sound')


def test_at_the_end_of_a_test_pipeline(tiny_config):
    settings = tiny_config.test_dataloader.dataset
    dataset = DATASETS.build(settings)
    plain = dataset[0]
    out = Compose(
        [*settings.pipeline, dict(type='BlankFrames', modality='ir', share=1)]
    )(dataset.get_data_info(0))
    assert not out['inputs']['ir'].any() and plain['inputs']['ir'].any()
    assert torch.equal(out['inputs']['rgb'], plain['inputs']['rgb'])
