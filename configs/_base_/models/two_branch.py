# Two branches with shared weights, features added: what the comparisons of
# Table 1 have in common. Backbone and head are added by the files beside it.
model = dict(
    type='MultiModalRecognizer',
    data_preprocessor=dict(
        type='PairedDataPreprocessor',
        preprocessors={
            name: dict(
                type='ActionDataPreprocessor',
                format_shape='NCTHW',
                mean=[123.675, 116.28, 103.53],
                std=[58.395, 57.12, 57.375],
            )
            for name in ('rgb', 'ir')
        },
    ),
    backbone=dict(type='MultiBranchBackbone', modalities=('rgb', 'ir')),
    neck=dict(type='FeatureSum'),
)
