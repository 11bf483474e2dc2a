# MViTv2-L, 8 frames of each modality. Table 1 lists 362 GFLOPs (one pass of 16
# frames) and 213 M parameters. Relative positions are those of 16 frames, and
# interpolated: from the published 40 frames of 312x312, and for 8 frames.
_base_ = './two_branch.py'
model = dict(
    data_preprocessor=dict(
        preprocessors={
            name: dict(mean=[114.75, 114.75, 114.75], std=[57.375, 57.375, 57.375])
            for name in ('rgb', 'ir')
        }
    ),
    backbone=dict(
        branch=dict(
            type='MViT',
            arch='large',
            temporal_size=16,
            spatial_size=224,
            drop_path_rate=0.75,
        ),
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmaction/v1.0/'
            'recognition/mvit/converted/'
            'mvit-large-p244_40x3x1_kinetics400-rgb'
            '_20221021-11fe1f97.pth',
        ),
    ),
    cls_head=dict(
        type='MViTHead', num_classes=12, in_channels=1152, average_clips='prob'
    ),
)
