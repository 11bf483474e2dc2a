# ipCSN, ResNet-152. Table 1 lists 42.7 GFLOPs and 32.2 M parameters. Batch
# norm is trained, other than in the published fine-tuning on Kinetics.
_base_ = './two_branch.py'
model = dict(
    backbone=dict(
        branch=dict(
            type='ResNet3dCSN',
            depth=152,
            pretrained=None,
            pretrained2d=False,
            with_pool2=False,
            bottleneck_mode='ip',
            norm_eval=False,
            bn_frozen=False,
            zero_init_residual=False,
        ),
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmaction/recognition/'
            'csn/vmz/vmz_ipcsn_ig65m_pretrained_r152_32x2x1_58e_'
            'kinetics400_rgb_20210617-c3be9793.pth',
        ),
    ),
    cls_head=dict(
        type='I3DHead',
        num_classes=12,
        in_channels=2048,
        dropout_ratio=0.5,
        average_clips='prob',
    ),
)
