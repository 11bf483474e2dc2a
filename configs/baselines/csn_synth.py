"""CSN with feature addition, small, on the generated pairs."""

_base_ = [
    '../_base_/models/csn_sum.py',
    '../_base_/datasets/synth.py',
    '../_base_/schedules/adamw_22e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(preprocessors=_base_.preprocessors),
    backbone=dict(branch=dict(depth=50, base_channels=8), init_cfg=None),
    cls_head=dict(in_channels=256),
)
