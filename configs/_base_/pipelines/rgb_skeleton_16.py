# 16 moments of RGB and skeleton on one clock; RGB is 64x64, as in clip_8x64.py, the
# skeleton that of the Kinect v2 for two persons. keep_modalities leaves one of them.
load = dict(
    type='ForEachModality',
    transforms=dict(
        rgb=[dict(type='OpenVideo', short_side=72)],
        skeleton=[dict(type='LoadSkeleton', layout='nturgb+d')],
    ),
)
decode = dict(
    type='ForEachModality',
    transforms=dict(
        rgb=[
            dict(type='DecodeVideo'),
            dict(type='Resize', scale=(72, 72), keep_ratio=False),
        ],
        skeleton=[
            dict(type='DecodeSkeleton'),
            dict(type='CenterSkeleton'),
            dict(type='FormatGCNInput', num_person=2),
        ],
    ),
)
train_pipeline = [
    load,
    dict(type='SyncSample', transforms=[dict(type='UniformSample', clip_len=16)]),
    decode,
    dict(
        type='ForEachModality',
        transforms=dict(
            rgb=[
                dict(type='RandomCrop', size=64),
                dict(type='FormatShape', input_format='NCTHW'),
            ],
            skeleton=[],
        ),
    ),
    dict(type='PackModalityInputs'),
]
test_pipeline = [
    load,
    dict(
        type='SyncSample',
        transforms=[dict(type='UniformSample', clip_len=16, test_mode=True)],
    ),
    decode,
    dict(
        type='ForEachModality',
        transforms=dict(
            rgb=[
                dict(type='CenterCrop', crop_size=64),
                dict(type='FormatShape', input_format='NCTHW'),
            ],
            skeleton=[],
        ),
    ),
    dict(type='PackModalityInputs'),
]
