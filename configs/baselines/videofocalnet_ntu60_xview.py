"""Video-FocalNet with feature addition on NTU RGB+D 60, cross-view."""

_base_ = [
    '../_base_/models/videofocalnet_sum.py',
    '../_base_/datasets/ntu60_xview.py',
    '../_base_/pipelines/clip_8x224.py',
    '../_base_/schedules/sgd_100e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
model = dict(cls_head=dict(num_classes=60))
