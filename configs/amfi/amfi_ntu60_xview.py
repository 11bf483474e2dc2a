"""AMFI-Net on NTU RGB+D 60, cross-view: the fusion of two trained, frozen branches.

amfi_ntu60_xview_rgb.py and amfi_ntu60_xview_skeleton.py come first: their last
checkpoints are loaded. model.backbone.branches.rgb.init_cfg.checkpoint names another.
"""

_base_ = [
    '../_base_/models/amfi.py',
    '../_base_/datasets/ntu60_skeleton_xview.py',
    '../_base_/pipelines/crop_16x112_skeleton_100.py',
    '../_base_/schedules/sgd_6e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
trained = {
    name: dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint=f'work_dirs/amfi_ntu60_xview_{name}/epoch_50.pth',
            prefix=f'backbone.branches.{name}',
        )
    )
    for name in ('rgb', 'skeleton')
}
model = dict(backbone=dict(frozen=True, branches=trained))
