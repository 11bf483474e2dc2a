"""MViTv2 with feature addition on InfAR, trained as in section 4.2."""

_base_ = [
    '../_base_/models/mvit_sum.py',
    '../_base_/datasets/infar.py',
    '../_base_/schedules/sgd_100e.py',
    '../_base_/default_runtime.py',
]
