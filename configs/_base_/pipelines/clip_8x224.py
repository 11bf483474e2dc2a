# Section 4.2 of the paper: 8 segments, one random frame of each (the centre
# when testing), short side 260-320, crop of 224, flip with p = 0.5. A clip is
# C×T×H×W. Sensors differ in aspect ratio: by 1.47 in NTU RGB+D, 1.31 in InfAR.
train_pipeline = [
    dict(
        type='ForEachModality',
        transforms=[dict(type='OpenVideo', short_side=320)],
    ),
    dict(type='SyncSample', transforms=[dict(type='UniformSample', clip_len=8)]),
    dict(type='ForEachModality', transforms=[dict(type='DecodeVideo')]),
    dict(type='SyncResize', short_side=(260, 320), max_distortion=1.5),
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
        transforms=[dict(type='OpenVideo', short_side=256)],
    ),
    dict(
        type='SyncSample',
        transforms=[dict(type='UniformSample', clip_len=8, test_mode=True)],
    ),
    dict(type='ForEachModality', transforms=[dict(type='DecodeVideo')]),
    dict(type='SyncResize', short_side=256, max_distortion=1.5),
    dict(
        type='ForEachModality',
        transforms=[
            dict(type='CenterCrop', crop_size=224),
            dict(type='FormatShape', input_format='NCTHW'),
        ],
    ),
    dict(type='PackModalityInputs'),
]
