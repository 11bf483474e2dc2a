"""Stage 2 of amfi_ntu60_xview.py: the skeleton alone."""

_base_ = [
    '../_base_/models/amfi.py',
    '../_base_/datasets/ntu60_skeleton_xview.py',
    '../_base_/pipelines/crop_16x112_skeleton_100.py',
    '../_base_/schedules/sgd_50e.py',
    '../_base_/default_runtime.py',
]
from mmbimodal.datasets import keep_modalities

train, test = (
    [x for x in keep_modalities(pipeline, 'skeleton') if x['type'] != 'CropAroundBody']
    for pipeline in (_base_.train_pipeline, _base_.test_pipeline)
)
data = dict(modalities=('skeleton',))
train_dataloader = dict(dataset=dict(data, pipeline=train))
val_dataloader = dict(dataset=dict(data, pipeline=test))
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
        num_classes=60,
        in_channels=512,
        spatial_type=None,
        dropout_ratio=0.0,
        init_std=0.02,
        average_clips='prob',
    ),
)
