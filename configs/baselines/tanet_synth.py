"""TANet with feature addition, small, on the generated pairs."""

_base_ = [
    '../_base_/models/tanet_sum.py',
    '../_base_/datasets/synth.py',
    '../_base_/pipelines/images_8x64.py',
    '../_base_/schedules/adamw_22e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
model = dict(
    data_preprocessor=dict(preprocessors=_base_.preprocessors),
    backbone=dict(
        branches={
            name: dict(
                depth=50, num_stages=1, strides=(2,), dilations=(1,), out_indices=(0,)
            )
            for name in ('rgb', 'ir')
        },
        init_cfg=None,
    ),
    cls_head=dict(in_channels=256),
)
