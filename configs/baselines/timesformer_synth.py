"""TimeSformer with feature addition, small, on the generated pairs."""

_base_ = [
    '../_base_/models/timesformer_sum.py',
    '../_base_/datasets/synth.py',
    '../_base_/schedules/adamw_22e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(preprocessors=_base_.preprocessors),
    backbone=dict(img_size=64, embed_dims=96, num_heads=4, num_layers=3, init_cfg=None),
    cls_head=dict(in_channels=96),
)
