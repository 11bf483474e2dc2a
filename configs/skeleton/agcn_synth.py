"""Skeleton alone, the branch of r3d_agcn_synth.py, on the generated pairs."""

_base_ = './r3d_agcn_synth.py'
from mmbimodal.datasets import keep_modalities

data = dict(
    modalities=('skeleton',),
    pipeline=keep_modalities(_base_.train_pipeline, 'skeleton'),
)
train_dataloader = dict(dataset=data)
val_dataloader = dict(
    dataset=dict(data, pipeline=keep_modalities(_base_.test_pipeline, 'skeleton'))
)
test_dataloader = val_dataloader
branch = dict(_delete_=True, skeleton=_base_.model.backbone.branches.skeleton)
preprocessor = dict(
    _delete_=True, skeleton=_base_.model.data_preprocessor.preprocessors.skeleton
)
model = dict(
    data_preprocessor=dict(preprocessors=preprocessor),
    backbone=dict(branches=branch),
    neck=dict(type='FeatureSum'),
    cls_head=dict(
        _delete_=True,
        type='I3DHead',
        num_classes=12,
        in_channels=64,
        spatial_type=None,
        dropout_ratio=0.0,
        init_std=0.02,
        average_clips='prob',
    ),
)
