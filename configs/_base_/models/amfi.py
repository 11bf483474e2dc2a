# AMFI-Net at full size, 43.26 M parameters. RGB: 3-D ResNet-18 with a stem of 7x7x7,
# 33.20 M. Skeleton: 2s-AGCN of nine blocks of 64, 128 and 256 channels and one of 512,
# 6.62 M. Fusion: 3.44 M.
model = dict(
    type='MultiModalRecognizer',
    data_preprocessor=dict(
        type='PairedDataPreprocessor',
        preprocessors=dict(
            # min-max of section 3.1, eq. 3: 0 and 255 are the ends of a pixel's values
            rgb=dict(
                type='ActionDataPreprocessor',
                format_shape='NCTHW',
                mean=[0.0, 0.0, 0.0],
                std=[255.0, 255.0, 255.0],
            ),
            skeleton=dict(type='ActionDataPreprocessor'),
        ),
    ),
    backbone=dict(
        type='MultiBranchBackbone',
        branches=dict(
            rgb=dict(
                type='ResNet3d',
                depth=18,
                pretrained=None,
                conv1_kernel=(7, 7, 7),
                conv1_stride_t=1,
                pool1_stride_t=2,
                temporal_strides=(1, 2, 2, 2),
                inflate=(1, 1, 1, 1),
                with_pool2=False,
                norm_eval=False,
            ),
            skeleton=dict(
                type='SkeletonBranch',
                backbone=dict(
                    type='AGCN',
                    graph_cfg=dict(layout='nturgb+d', mode='spatial'),
                    num_stages=10,
                    inflate_stages=[4, 7, 10],
                    down_stages=[4, 7],
                ),
            ),
        ),
    ),
    cls_head=dict(
        type='AMFIFusionHead',
        num_classes=60,
        in_channels=512,
        modalities=('skeleton', 'rgb'),
        decision='skeleton',
        loss_gate=dict(type='GateLoss', balance=1.5),
        average_clips='prob',
    ),
)
