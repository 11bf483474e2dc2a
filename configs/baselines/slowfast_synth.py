"""SlowFast with feature addition, small, on the generated pairs."""

_base_ = [
    '../_base_/models/slowfast_sum.py',
    '../_base_/datasets/synth.py',
    '../_base_/pipelines/clip_8x64.py',
    '../_base_/schedules/adamw_22e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
model = dict(
    data_preprocessor=dict(preprocessors=_base_.preprocessors),
    backbone=dict(
        branch=dict(
            slow_pathway=dict(depth=18, base_channels=32),
            fast_pathway=dict(depth=18, base_channels=4),
        ),
        init_cfg=None,
    ),
    cls_head=dict(in_channels=288),
)
