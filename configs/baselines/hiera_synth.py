"""Hiera with feature addition, small, on the generated pairs."""
_base_ = [
    '../_base_/models/hiera_sum.py',
    '../_base_/datasets/synth.py',
    '../_base_/schedules/adamw_22e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    # tools/analysis/modality_stats.py data/synth/annotations/xview_train.json
    data_preprocessor=dict(preprocessors=dict(
        rgb=dict(mean=[98.2, 94.5, 95.0], std=[53.3, 52.3, 52.0]),
        ir=dict(mean=[86.6, 86.6, 86.6], std=[44.4, 44.4, 44.4]))),
    backbone=dict(branch=dict(
        arch=dict(_delete_=True, embed_dims=32, num_heads=1,
                  depths=(1, 2, 3)), q_pool=2,
        num_frames=8, img_size=64, init_std=0.06, init_cfg=None)),
    cls_head=dict(in_channels=128))
