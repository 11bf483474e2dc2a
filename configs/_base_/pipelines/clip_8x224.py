# Section 4.2 of the paper: 8 segments, one random frame of each (the centre
# when testing), short side 260-320, crop of 224, flip with p = 0.5. A clip is
# C×T×H×W.
train_pipeline = [
    dict(
        type='ForEachModality',
        transforms=[dict(type='ScaledDecordInit', short_side=320)],
    ),
    dict(type='SyncSample', transforms=[dict(type='UniformSample', clip_len=8)]),
    dict(type='ForEachModality', transforms=[dict(type='ScaledDecordDecode')]),
    dict(type='SyncResize', short_side=(260, 320)),
    dict(
        type='ForEachModality',
        shared=True,
        transforms=[
            dict(type='RandomCrop', size=224),
            dict(type='Flip', flip_ratio=0.5),
        ],
    ),
    dict(
        type='ForEachModality',
        transforms=[dict(type='FormatShape', input_format='NCTHW')],
    ),
    dict(type='PackModalityInputs'),
]
test_pipeline = [
    dict(
        type='ForEachModality',
        transforms=[dict(type='ScaledDecordInit', short_side=256)],
    ),
    dict(
        type='SyncSample',
        transforms=[dict(type='UniformSample', clip_len=8, test_mode=True)],
    ),
    dict(type='ForEachModality', transforms=[dict(type='ScaledDecordDecode')]),
    dict(type='SyncResize', short_side=256),
    dict(
        type='ForEachModality',
        transforms=[
            dict(type='CenterCrop', crop_size=224),
            dict(type='FormatShape', input_format='NCTHW'),
        ],
    ),
    dict(type='PackModalityInputs'),
]
