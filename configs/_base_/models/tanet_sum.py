# TANet, ResNet-101, 8 segments, separate weights for each modality: only this
# costs what Table 1 lists, 126 GFLOPs and 89.8 M parameters. MMAction2
# publishes no TANet of this depth, hence the ImageNet weights of torchvision.
_base_ = './two_branch.py'
model = dict(
    data_preprocessor=dict(
        preprocessors=dict(rgb=dict(format_shape='NCHW'), ir=dict(format_shape='NCHW'))
    ),
    backbone=dict(
        _delete_=True,
        type='MultiBranchBackbone',
        branches={
            name: dict(type='TANet', depth=101, num_segments=8)
            for name in ('rgb', 'ir')
        },
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.pytorch.org/models/resnet101-63fe2227.pth',
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
