# Video Swin-L, patch 2x4x4, window 8x7x7, 8 frames of each modality. Table 1
# lists 302 GFLOPs (one pass of 16 frames) and 196 M parameters.
_base_ = './two_branch.py'
model = dict(
    backbone=dict(
        branch=dict(
            type='SwinTransformer3D',
            arch='large',
            pretrained2d=False,
            patch_size=(2, 4, 4),
            window_size=(8, 7, 7),
            drop_path_rate=0.4,
        ),
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmaction/v1.0/'
            'recognition/swin/'
            'swin-large-p244-w877_in22k-pre_8xb8-amp-32x2x1-'
            '30e_kinetics400-rgb/'
            'swin-large-p244-w877_in22k-pre_8xb8-amp-32x2x1-'
            '30e_kinetics400-rgb_20220930-78ad8b11.pth',
        ),
    ),
    cls_head=dict(
        type='I3DHead',
        num_classes=12,
        in_channels=1536,
        dropout_ratio=0.5,
        average_clips='prob',
    ),
)
