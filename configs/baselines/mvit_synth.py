"""MViTv2 with feature addition, small, on the generated pairs."""

_base_ = [
    '../_base_/models/mvit_sum.py',
    '../_base_/datasets/synth.py',
    '../_base_/pipelines/clip_8x64.py',
    '../_base_/schedules/adamw_22e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
model = dict(
    data_preprocessor=dict(preprocessors=_base_.preprocessors),
    backbone=dict(
        branch=dict(
            arch=dict(
                _delete_=True,
                embed_dims=40,
                num_layers=5,
                num_heads=1,
                downscale_indices=[1, 3],
            ),
            patch_cfg=dict(
                kernel_size=(3, 11, 11), stride=(2, 8, 8), padding=(1, 4, 4)
            ),
            adaptive_kv_stride=(1, 4, 4),
            temporal_size=8,
            spatial_size=64,
            drop_path_rate=0.1,
        ),
        init_cfg=None,
    ),
    cls_head=dict(in_channels=160),
)
