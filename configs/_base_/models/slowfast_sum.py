# SlowFast, ResNet-101, 8x8: of 8 frames the slow pathway takes 2. Table 1
# lists 48.8 GFLOPs and 61.9 M parameters.
_base_ = './two_branch.py'
model = dict(
    backbone=dict(
        branch=dict(
            type='ResNet3dSlowFast',
            resample_rate=4,
            speed_ratio=4,
            channel_ratio=8,
            slow_pathway=dict(
                type='resnet3d',
                depth=101,
                pretrained=None,
                lateral=True,
                fusion_kernel=7,
                conv1_kernel=(1, 7, 7),
                conv1_stride_t=1,
                pool1_stride_t=1,
                inflate=(0, 0, 1, 1),
            ),
            fast_pathway=dict(
                type='resnet3d',
                depth=101,
                pretrained=None,
                lateral=False,
                base_channels=8,
                conv1_kernel=(5, 7, 7),
                conv1_stride_t=1,
                pool1_stride_t=1,
            ),
        ),
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmaction/v1.0/'
            'recognition/slowfast/'
            'slowfast_r101_8xb8-8x8x1-256e_kinetics400-rgb/'
            'slowfast_r101_8xb8-8x8x1-256e_kinetics400-rgb'
            '_20220901-9c0e09bd.pth',
        ),
    ),
    cls_head=dict(
        type='SlowFastHead',
        num_classes=12,
        in_channels=2304,
        dropout_ratio=0.5,
        average_clips='prob',
    ),
)
