import pytest
import torch
from mmaction.registry import MODELS

GRAPH = dict(layout='nturgb+d', mode='spatial')
SMALL = dict(base_channels=8, num_stages=3, inflate_stages=[2], down_stages=[2])


def backbone(kind):
    return dict(type=kind, graph_cfg=dict(GRAPH), **SMALL)


@pytest.mark.parametrize('kind', ['AAGCN', 'STGCN'])
def test_it_is_the_pooling_of_the_head_for_graph_networks(kind):
    """Scores of GCNHead on the persons' features, and a linear layer on ours."""
    torch.manual_seed(0)
    branch = MODELS.build(dict(type='SkeletonBranch', backbone=backbone(kind))).eval()
    head = MODELS.build(dict(type='GCNHead', num_classes=4, in_channels=16)).eval()
    x = torch.randn(3, 2, 6, 25, 3)
    with torch.no_grad():
        features = branch(x)
        assert features.shape == (3, 16)
        torch.testing.assert_close(head.fc(features), head(branch.backbone(x)))


def test_persons_do_not_become_channels_of_a_fusion():
    model = MODELS.build(
        dict(
            type='MultiBranchBackbone',
            branches=dict(
                a=dict(type='SkeletonBranch', backbone=backbone('STGCN')),
                b=dict(type='SkeletonBranch', backbone=backbone('STGCN')),
            ),
        )
    ).eval()
    fusion = MODELS.build(dict(type='FeatureConcat'))
    # other numbers of persons and frames fit together
    x = dict(a=torch.randn(3, 1, 6, 25, 3), b=torch.randn(3, 2, 8, 25, 3))
    assert fusion(model(x))[0].shape == (3, 32)
    present = dict(a=[True, False, True], b=[False] * 3)
    features = model(x, present)
    assert not features['a'].features[1].any()
    assert features['b'].features is None
