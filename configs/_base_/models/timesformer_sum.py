# The baseline of the paper: two TimeSformer branches with shared weights,
# class tokens added, one linear classifier.
_base_ = './staf.py'
model = dict(
    backbone=dict(with_saliency=False),
    neck=dict(_delete_=True, type='FeatureSum'),
    cls_head=dict(
        _delete_=True,
        type='TimeSformerHead',
        num_classes=12,
        in_channels=768,
        average_clips='prob',
    ),
)
