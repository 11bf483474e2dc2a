"""STAF, small enough for a laptop's CPU, on the generated pairs."""
_base_ = [
    '_base_/models/staf.py',
    '_base_/datasets/synth.py',
    '_base_/schedules/adamw_30e.py',
    '_base_/default_runtime.py',
]
model = dict(
    backbone=dict(
        img_size=64, embed_dims=128, num_heads=4, num_layers=3,
        init_cfg=None),
    neck=dict(in_channels=128),
    cls_head=dict(in_channels=128, num_heads=4))
