"""Readings of the paper that are switches."""

import pytest
import torch
from factory import build, make_batch, model_config, tokens, total
from mmaction.registry import MODELS

from mmbimodal.structures import num_kept, select_regions


def local_tokens(path, key_frames_only, absent=()):
    torch.manual_seed(0)
    feats = tokens(channels=24, absent=absent, dtype=torch.float32)
    neck = MODELS.build(dict(type='KeyframeSelector', in_channels=24)).eval()
    neck.init_weights()
    head = build(
        model_config(head=dict(path=path, key_frames_only=key_frames_only))['cls_head']
    )
    selected = neck(feats)[0]
    return head, selected


@pytest.mark.parametrize('path', ['gather', 'dense'])
@pytest.mark.parametrize('absent', [(), (('thermal', 0),)])
def test_local_class_token_of_key_frames(path, absent):
    """It is the token of a selection without secondary frames."""
    head, feats = local_tokens(path, True, absent)
    found = head._local_cls_token(feats, select_regions(feats, head.dense))
    # gather the key frames by themselves
    key = feats._replace(groups=feats.groups[:1])
    both, _ = local_tokens('gather', False, absent)
    expected = both._local_cls_token(key, select_regions(key, dense=False))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    everything = both._local_cls_token(feats, select_regions(feats, dense=False))
    assert (found - everything).abs().max() > 1e-4


@pytest.mark.parametrize('path', ['gather', 'dense'])
def test_training_with_key_frames_only(path):
    model = build(model_config(head=dict(path=path, key_frames_only=True))).train()
    total(model(*make_batch(2), mode='loss')).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all(), name


def test_the_mask_of_the_mlp_changes_no_prediction():
    """Eq. 16 and one block: the class token's row has the mark 1."""
    inputs, _ = make_batch(2)
    one, other = (
        build(model_config(head=dict(mask_mlp=x))).eval()(inputs, stage='head')
        for x in (True, False)
    )
    assert torch.equal(one, other)


@pytest.mark.parametrize(
    'total_count,share,expected',
    [(10, 0.25, 3), (10, 0.35, 4), (196, 0.6, 118), (196, 0.35, 69), (3, 0.1, 1)],
)
def test_counts_round_half_up(total_count, share, expected):
    assert num_kept(total_count, share) == expected
