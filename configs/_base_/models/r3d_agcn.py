# RGB: a narrow 3-D ResNet-18. Skeleton: MMAction2's AAGCN without its attention, narrow
# and of six blocks. It is close to 2s-AGCN, but learns the graph itself and scales the
# adaptive part by a learned factor. Each branch has a classifier and learns by itself;
# their probabilities are averaged.
model = dict(
    type='MultiModalRecognizer',
    data_preprocessor=dict(
        type='PairedDataPreprocessor',
        preprocessors=dict(
            rgb=dict(type='ActionDataPreprocessor', format_shape='NCTHW'),
            skeleton=dict(type='ActionDataPreprocessor'),
        ),
    ),
    backbone=dict(
        type='MultiBranchBackbone',
        branches=dict(
            rgb=dict(
                type='ResNet3d',
                depth=18,
                base_channels=16,
                pretrained=None,
                conv1_kernel=(3, 7, 7),
                conv1_stride_t=2,
                pool1_stride_t=1,
                temporal_strides=(1, 2, 2, 2),
                inflate=(1, 1, 1, 1),
                with_pool2=False,
                norm_eval=False,
            ),
            skeleton=dict(
                type='SkeletonBranch',
                backbone=dict(
                    type='AAGCN',
                    graph_cfg=dict(layout='nturgb+d', mode='spatial'),
                    base_channels=32,
                    num_stages=6,
                    inflate_stages=[4],
                    down_stages=[4],
                    gcn_attention=False,
                ),
            ),
        ),
    ),
    cls_head=dict(
        type='ScoreAverageHead',
        num_classes=12,
        in_channels=dict(rgb=128, skeleton=64),
        modalities=('rgb', 'skeleton'),
        average_clips='prob',
    ),
)
