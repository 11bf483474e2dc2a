"""Branches that bring weights of their own and do not learn."""

import pytest
import torch
from factory import CLASSES, labels, perturb, total
from mmaction.registry import MODELS

from mmbimodal.errors import InputError

NAMES = ('clip', 'body')
GRAPH = dict(layout='nturgb+d', mode='spatial')


def branch_configs(width=4):
    return dict(
        clip=dict(
            type='ResNet3d',
            depth=18,
            base_channels=width // 4,
            pretrained=None,
            inflate=(1, 1, 1, 1),
        ),
        body=dict(
            type='SkeletonBranch',
            backbone=dict(
                type='AAGCN',
                graph_cfg=dict(GRAPH),
                base_channels=width,
                num_stages=2,
                inflate_stages=[2],
                down_stages=[2],
                gcn_attention=False,
            ),
        ),
    )


def recognizer(names=NAMES, frozen=False, files=None, prefix=True, width=4):
    """A model of some of the branches, after ``init_weights``."""
    branches = {name: branch_configs(width)[name] for name in names}
    for name, file in (files or {}).items():
        branches[name]['init_cfg'] = dict(type='Pretrained', checkpoint=str(file))
        if prefix:
            branches[name]['init_cfg']['prefix'] = f'backbone.branches.{name}'
    head = dict(type='AMFIFusionHead', modalities=names, decision='body')
    if len(names) == 1:
        head = dict(type='I3DHead', spatial_type=None if names == ('body',) else 'avg')
    model = MODELS.build(
        dict(
            type='MultiModalRecognizer',
            backbone=dict(type='MultiBranchBackbone', branches=branches, frozen=frozen),
            neck=dict(type='FeatureSum') if len(names) == 1 else None,
            cls_head=dict(
                head, num_classes=CLASSES, in_channels=2 * width, average_clips='prob'
            ),
        )
    )
    model.init_weights()
    return model


def inputs(size=3):
    generator = torch.Generator().manual_seed(0)
    return dict(
        clip=torch.randn(size, 1, 3, 4, 16, 16, generator=generator),
        body=torch.randn(size, 1, 2, 6, 25, 3, generator=generator),
    )


@pytest.fixture
def files(tmp_path):
    """Checkpoints of the two models with one modality each."""
    paths = {}
    for i, name in enumerate(NAMES):
        torch.manual_seed(i)
        model = perturb(recognizer((name,)))
        # statistics of batch norm, too
        model.train()({name: inputs()[name]}, labels(0, 1, 2), mode='loss')
        paths[name] = tmp_path / f'{name}.pth'
        torch.save(dict(state_dict=model.state_dict(), meta={}), paths[name])
    return paths


def step(model):
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1
    )
    for _ in range(3):
        optimizer.zero_grad()
        total(model.train()(inputs(), labels(0, 1, 2), mode='loss')).backward()
        optimizer.step()


def test_each_branch_gets_the_weights_of_its_own_model(files):
    """Weights and statistics, equal to the last bit; the head is new."""
    model = recognizer(files=files)
    for name, path in files.items():
        saved = torch.load(path, weights_only=True)['state_dict']
        for key, tensor in model.backbone.branches[name].state_dict().items():
            assert torch.equal(tensor, saved[f'backbone.branches.{name}.{key}']), key


def test_frozen_branches_keep_weights_and_statistics(files):
    """Three steps with weight decay and momentum; the head learns."""
    model = recognizer(frozen=True, files=files)
    before = {name: x.clone() for name, x in model.state_dict().items()}
    step(model)
    after = model.state_dict()
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert changed == {name for name in after if name.startswith('cls_head.')}
    assert any('running_mean' in name for name in after)


def test_branches_that_are_not_frozen_learn(files):
    model = recognizer(files=files)
    before = {name: x.clone() for name, x in model.state_dict().items()}
    step(model)
    after = model.state_dict()
    unchanged = {name for name in after if torch.equal(after[name], before[name])}
    assert not any('clip' in name or 'cls_head' in name for name in unchanged)


def test_frozen_branches_stay_in_evaluation_mode():
    model = recognizer(frozen=True)
    assert model.backbone.train() is model.backbone
    assert not any(x.training for x in model.backbone.branches.modules())
    assert model.train().cls_head.training
    open_model = recognizer().eval().train()
    assert all(x.training for x in open_model.modules())


def test_a_checkpoint_must_fill_the_branch(files):
    with pytest.raises(InputError, match='body.pth holds no layer.*ResNet3d'):
        recognizer(files=dict(clip=files['body']))
    with pytest.raises(InputError, match='clip.pth holds no layer.*SkeletonBranch'):
        recognizer(files=dict(body=files['clip']))
    with pytest.raises(InputError, match=r'does not exist: check the path, or train'):
        recognizer(files=dict(clip=files['clip'].with_name('none.pth')))
    saved = torch.load(files['clip'], weights_only=True)
    del saved['state_dict']['backbone.branches.clip.layer4.1.conv2.conv.weight']
    torch.save(saved, files['clip'])
    with pytest.raises(
        InputError,
        match=r'does not fill backbone.branches.clip.*1 tensors.*layer4.1.conv2.conv',
    ):
        recognizer(files=dict(clip=files['clip']))


def test_of_another_width(files):
    with pytest.raises(InputError, match='does not fill backbone.branches.clip'):
        recognizer(files=files, width=8)


def test_without_a_prefix_the_file_is_a_backbone(files):
    saved = torch.load(files['clip'], weights_only=True)['state_dict']
    name = 'backbone.branches.clip.'
    backbone = {k.removeprefix(name): x for k, x in saved.items() if k.startswith(name)}
    torch.save(backbone, files['clip'])
    model = recognizer(files=dict(clip=files['clip']), prefix=False)
    for key, tensor in model.backbone.branches.clip.state_dict().items():
        assert torch.equal(tensor, backbone[key]), key


def test_a_recognizer_leaves_an_absent_modality_out(files):
    """The body's weighted features alone, whatever the pixels are."""
    model = recognizer(frozen=True, files=files).eval()
    batch = labels(0, 1, 2)
    for i, sample in enumerate(batch):
        sample.set_metainfo(dict(modalities=dict.fromkeys(NAMES[i == 1 :])))
    data = inputs()
    with torch.no_grad():
        scores = [x.pred_score for x in model.predict(data, batch)]
        data['clip'][1] = torch.nan
        again = [x.pred_score for x in model.predict(data, batch)]
        head, body = model.cls_head, model.backbone.branches.body(data['body'][:, 0])
        side = torch.cat([torch.zeros(3, 8), body], dim=1)
        weights = head.weighting.fc[1](head.correlation(side)).sigmoid()
        expected = head.fc_cls(body * weights).softmax(dim=1)
    assert torch.equal(torch.stack(scores), torch.stack(again))
    torch.testing.assert_close(scores[1], expected[1])
    assert (scores[0] - expected[0]).abs().max() > 1e-4
