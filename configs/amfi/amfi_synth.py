"""AMFI-Net, small, on the generated pairs: the fusion of two trained, frozen branches.

amfi_synth_rgb.py and amfi_synth_skeleton.py come first: their last checkpoints are
loaded. With model.backbone.frozen=False the branches learn, too.
"""

_base_ = [
    '../_base_/models/r3d_agcn.py',
    '../_base_/datasets/synth_skeleton.py',
    '../_base_/pipelines/rgb_skeleton_16.py',
    '../_base_/schedules/sgd_6e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
randomness = dict(seed=0)
trained = {
    name: dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint=f'work_dirs/amfi_synth_{name}/epoch_10.pth',
            prefix=f'backbone.branches.{name}',
        )
    )
    for name in ('rgb', 'skeleton')
}
# one block more, so that both branches have 128 channels
trained['skeleton'].update(backbone=dict(num_stages=7, inflate_stages=[4, 7]))
model = dict(
    data_preprocessor=dict(preprocessors=dict(rgb=_base_.preprocessors.rgb)),
    backbone=dict(frozen=True, branches=trained),
    cls_head=dict(
        _delete_=True,
        type='AMFIFusionHead',
        num_classes=12,
        in_channels=128,
        modalities=('skeleton', 'rgb'),
        decision='skeleton',
        loss_gate=dict(type='GateLoss', balance=1.5),
        average_clips='prob',
    ),
)
