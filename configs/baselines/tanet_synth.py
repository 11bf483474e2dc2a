"""TANet with feature addition, small, on the generated pairs."""
_base_ = [
    '../_base_/models/tanet_sum.py',
    '../_base_/datasets/synth_images.py',
    '../_base_/schedules/adamw_22e.py',
    '../_base_/default_runtime.py',
]
_branch = dict(depth=50, num_stages=1, strides=(2, ), dilations=(1, ),
               out_indices=(0, ))
model = dict(
    # tools/analysis/modality_stats.py data/synth/annotations/xview_train.json
    data_preprocessor=dict(preprocessors=dict(
        rgb=dict(mean=[98.2, 94.5, 95.0], std=[53.3, 52.3, 52.0]),
        ir=dict(mean=[86.6, 86.6, 86.6], std=[44.4, 44.4, 44.4]))),
    backbone=dict(branches=dict(rgb=_branch, ir=_branch), init_cfg=None),
    cls_head=dict(in_channels=256))
