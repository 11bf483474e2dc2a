"""RGB + skeleton in two branches on the generated pairs."""

_base_ = [
    '../_base_/models/r3d_agcn.py',
    '../_base_/datasets/synth_skeleton.py',
    '../_base_/pipelines/rgb_skeleton_16.py',
    '../_base_/schedules/adamw_10e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
randomness = dict(seed=0)
model = dict(data_preprocessor=dict(preprocessors=dict(rgb=_base_.preprocessors.rgb)))
