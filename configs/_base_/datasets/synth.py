# Generated pairs in the layout of NTU RGB+D, cross-view (tools/data/synth).
_base_ = './paired_video.py'
_made_by = 'bash tools/quickstart.sh'

train_pipeline = [
    dict(type='ForEachModality', transforms=[dict(type='DecordInit')]),
    dict(type='SyncSample',
         transforms=[dict(type='UniformSample', clip_len=8)]),
    dict(type='ForEachModality', transforms=[dict(type='DecordDecode')]),
    dict(type='SyncResize', short_side=(66, 80)),
    dict(type='ForEachModality', shared=True, transforms=[
        dict(type='RandomCrop', size=64),
        dict(type='Flip', flip_ratio=0.5),
    ]),
    dict(type='ForEachModality',
         transforms=[dict(type='FormatShape', input_format='NCTHW')]),
    dict(type='PackModalityInputs'),
]
test_pipeline = [
    dict(type='ForEachModality', transforms=[dict(type='DecordInit')]),
    dict(type='SyncSample', transforms=[
        dict(type='UniformSample', clip_len=8, test_mode=True)]),
    dict(type='ForEachModality', transforms=[dict(type='DecordDecode')]),
    dict(type='SyncResize', short_side=72),
    dict(type='ForEachModality', transforms=[
        dict(type='CenterCrop', crop_size=64),
        dict(type='FormatShape', input_format='NCTHW'),
    ]),
    dict(type='PackModalityInputs'),
]

train_dataloader = dict(
    batch_size=16, num_workers=2,
    dataset=dict(
        data_root='data/synth', ann_file='annotations/xview_train.json',
        pipeline=train_pipeline, made_by=_made_by))
val_dataloader = dict(
    batch_size=16, num_workers=2,
    dataset=dict(
        data_root='data/synth', ann_file='annotations/xview_test.json',
        pipeline=test_pipeline, made_by=_made_by))
test_dataloader = val_dataloader
