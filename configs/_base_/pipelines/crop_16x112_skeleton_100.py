# Section 3.1 of AMFI-Net. RGB: 16 frames at equal intervals, of which a square of 1000
# pixels around the persons becomes 112x112; the joints are places in 1920x1080. Of the
# turns and flips, the one from left to right keeps each action what it is.
# Skeleton: normalised as in 2s-AGCN, 100 frames of the whole clip, two persons.
load = dict(
    type='ForEachModality',
    transforms=dict(
        rgb=[dict(type='OpenVideo', short_side=121)],
        skeleton=[dict(type='LoadSkeleton', layout='nturgb+d')],
    ),
)
crop = [
    dict(
        type='ForEachModality',
        transforms=dict(rgb=[dict(type='DecodeVideo')], skeleton=[]),
    ),
    dict(
        type='CropAroundBody',
        frames='rgb',
        body='skeleton',
        picture=(1080, 1920),
        size=1000,
    ),
]
resize = dict(type='Resize', scale=(112, 112), keep_ratio=False)
form = dict(type='FormatShape', input_format='NCTHW')
skeleton = [
    dict(type='PreNormalize3D'),
    dict(type='ResampleSkeleton', clip_len=100),
    dict(type='FormatGCNInput', num_person=2),
]
train_pipeline = [
    load,
    dict(type='SyncSample', transforms=[dict(type='UniformSample', clip_len=16)]),
    *crop,
    dict(
        type='ForEachModality',
        transforms=dict(
            rgb=[resize, dict(type='RandomRightAngle'), form], skeleton=skeleton
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
    *crop,
    dict(
        type='ForEachModality',
        transforms=dict(rgb=[resize, form], skeleton=skeleton),
    ),
    dict(type='PackModalityInputs'),
]
