"""Stage 1 of amfi_ntu60_xview.py: RGB alone, cut out around the skeleton."""

_base_ = [
    '../_base_/models/amfi.py',
    '../_base_/datasets/ntu60_skeleton_xview.py',
    '../_base_/pipelines/crop_16x112_skeleton_100.py',
    '../_base_/schedules/sgd_50e.py',
    '../_base_/default_runtime.py',
]
from mmbimodal.datasets import change_steps

only = dict(PackModalityInputs=dict(only=('rgb',)))
train_dataloader = dict(
    dataset=dict(pipeline=change_steps(_base_.train_pipeline, **only))
)
val_dataloader = dict(dataset=dict(pipeline=change_steps(_base_.test_pipeline, **only)))
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
        num_classes=60,
        in_channels=512,
        dropout_ratio=0.0,
        init_std=0.02,
        average_clips='prob',
    ),
)
