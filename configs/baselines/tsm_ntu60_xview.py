"""TSM with feature addition on NTU RGB+D 60, cross-view."""

_base_ = [
    '../_base_/models/tsm_sum.py',
    '../_base_/datasets/ntu60_xview_images.py',
    '../_base_/schedules/sgd_100e.py',
    '../_base_/default_runtime.py',
]
model = dict(cls_head=dict(num_classes=60))
