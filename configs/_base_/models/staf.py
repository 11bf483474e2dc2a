# STAF at the paper's size: 8 frames of 224x224 from each of two modalities.
model = dict(
    type='MultiModalRecognizer',
    data_preprocessor=dict(
        type='PairedDataPreprocessor',
        preprocessors=dict(
            rgb=dict(
                type='ActionDataPreprocessor',
                format_shape='NCTHW',
                mean=[127.5, 127.5, 127.5],
                std=[127.5, 127.5, 127.5],
            ),
            ir=dict(
                type='ActionDataPreprocessor',
                format_shape='NCTHW',
                mean=[127.5, 127.5, 127.5],
                std=[127.5, 127.5, 127.5],
            ),
        ),
    ),
    backbone=dict(
        type='BimodalTimeSformer',
        modalities=('rgb', 'ir'),
        num_frames=8,
        img_size=224,
        patch_size=16,
        embed_dims=768,
        num_heads=12,
        num_layers=10,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmaction/v1.0/'
            'recognition/timesformer/'
            'timesformer_divST_8xb8-8x32x1-15e_kinetics400-rgb/'
            'timesformer_divST_8xb8-8x32x1-15e_kinetics400-rgb'
            '_20220815-a4d0d01f.pth',
        ),
    ),
    neck=dict(
        type='KeyframeSelector', in_channels=768, k1=0.25, k2=0.25, r1=0.60, r2=0.35
    ),
    cls_head=dict(
        type='MaskedFusionHead',
        num_classes=12,
        in_channels=768,
        num_heads=12,
        path='gather',
        average_clips='prob',
        loss_distill=dict(type='SelfDistillLoss', balance=0.1),
    ),
)
