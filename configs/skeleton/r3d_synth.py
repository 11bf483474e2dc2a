"""RGB alone, the branch of r3d_agcn_synth.py, on the generated pairs."""

_base_ = './r3d_agcn_synth.py'
from mmbimodal.datasets import keep_modalities

data = dict(modalities=('rgb',), pipeline=keep_modalities(_base_.train_pipeline, 'rgb'))
train_dataloader = dict(dataset=data)
val_dataloader = dict(
    dataset=dict(data, pipeline=keep_modalities(_base_.test_pipeline, 'rgb'))
)
test_dataloader = val_dataloader
branch = dict(_delete_=True, rgb=_base_.model.backbone.branches.rgb)
preprocessor = dict(_delete_=True, rgb=_base_.model.data_preprocessor.preprocessors.rgb)
model = dict(
    data_preprocessor=dict(preprocessors=preprocessor),
    backbone=dict(branches=branch),
    neck=dict(type='FeatureSum'),
    cls_head=dict(
        _delete_=True,
        type='I3DHead',
        num_classes=12,
        in_channels=128,
        dropout_ratio=0.0,
        init_std=0.02,
        average_clips='prob',
    ),
)
