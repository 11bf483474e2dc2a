"""Video Swin with feature addition, small, on the generated pairs."""

_base_ = [
    '../_base_/models/videoswin_sum.py',
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
                _delete_=True, embed_dims=32, depths=[2, 2, 2], num_heads=[1, 2, 4]
            ),
            out_indices=(2,),
            window_size=(4, 4, 4),
            drop_path_rate=0.1,
            # upstream's 0.02 silences so narrow a model
            init_cfg=dict(type='Xavier', layer='Linear', distribution='uniform'),
        ),
        init_cfg=None,
    ),
    cls_head=dict(in_channels=128),
)
