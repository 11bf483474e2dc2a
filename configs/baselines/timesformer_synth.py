"""TimeSformer with feature addition, small, on the generated pairs."""

_base_ = [
    '../_base_/models/timesformer_sum.py',
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
    backbone=dict(img_size=64, embed_dims=96, num_heads=4, num_layers=3, init_cfg=None),
    cls_head=dict(in_channels=96),
)
