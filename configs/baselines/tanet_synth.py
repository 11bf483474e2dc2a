"""TANet with feature addition, small, on the generated pairs."""

_base_ = [
    '../_base_/models/tanet_sum.py',
    '../_base_/datasets/synth_images.py',
    '../_base_/schedules/adamw_22e.py',
    '../_base_/default_runtime.py',
]
_branch = dict(depth=50, num_stages=1, strides=(2,), dilations=(1,), out_indices=(0,))
model = dict(
    data_preprocessor=dict(preprocessors=_base_.preprocessors),
    backbone=dict(branches=dict(rgb=_branch, ir=_branch), init_cfg=None),
    cls_head=dict(in_channels=256),
)
