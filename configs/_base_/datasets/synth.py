# Generated pairs in the layout of NTU RGB+D, cross-view (tools/data/synth).
_base_ = './paired_video.py'
_made_by = 'bash tools/quickstart.sh'
# tools/analysis/modality_stats.py data/synth/annotations/xview_train.json
preprocessors = dict(
    rgb=dict(mean=[98.2, 94.5, 95.0], std=[53.3, 52.3, 52.0]),
    ir=dict(mean=[86.6, 86.6, 86.6], std=[44.4, 44.4, 44.4]),
)

train_pipeline = _base_.train_pipeline
_open, _, _, _resize, _augment, *_ = train_pipeline
_open['transforms'][0]['short_side'] = 80
_resize['short_side'] = (66, 80)
_augment['transforms'][0]['size'] = 64

test_pipeline = _base_.test_pipeline
_open, _, _, _resize, _crop, *_ = test_pipeline
_open['transforms'][0]['short_side'] = 72
_resize['short_side'] = 72
_crop['transforms'][0]['crop_size'] = 64

train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    dataset=dict(
        data_root='data/synth',
        ann_file='annotations/xview_train.json',
        pipeline=train_pipeline,
        made_by=_made_by,
    ),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=2,
    dataset=dict(
        data_root='data/synth',
        ann_file='annotations/xview_test.json',
        pipeline=test_pipeline,
        made_by=_made_by,
    ),
)
test_dataloader = val_dataloader
