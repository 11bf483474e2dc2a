"""STAF on InfAR with the paper's settings (section 4.2)."""

_base_ = [
    '_base_/models/staf.py',
    '_base_/datasets/infar.py',
    '_base_/pipelines/clip_8x224.py',
    '_base_/schedules/sgd_100e.py',
    '_base_/default_runtime.py',
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
