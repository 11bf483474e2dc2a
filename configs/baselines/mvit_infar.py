"""MViTv2 with feature addition on InfAR, trained as in section 4.2."""

_base_ = [
    '../_base_/models/mvit_sum.py',
    '../_base_/datasets/infar.py',
    '../_base_/pipelines/clip_8x224.py',
    '../_base_/schedules/sgd_100e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
