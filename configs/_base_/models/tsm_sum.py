# TSM, ResNet-50, 8 segments. 66.3 GFLOPs and 23.5 M parameters in Table 1.
_base_ = './two_branch.py'
model = dict(
    data_preprocessor=dict(
        preprocessors=dict(rgb=dict(format_shape='NCHW'), ir=dict(format_shape='NCHW'))
    ),
    backbone=dict(
        branch=dict(
            type='ResNetTSM', depth=50, num_segments=8, shift_div=8, pretrained2d=False
        ),
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmaction/v1.0/'
            'recognition/tsm/'
            'tsm_imagenet-pretrained-r50_8xb16-1x1x8-50e_kinetics400-rgb/'
            'tsm_imagenet-pretrained-r50_8xb16-1x1x8-50e_kinetics400-rgb'
            '_20220831-64d69186.pth',
        ),
    ),
    cls_head=dict(
        type='TSMHead',
        num_classes=12,
        in_channels=2048,
        num_segments=8,
        dropout_ratio=0.5,
        average_clips='prob',
    ),
)
