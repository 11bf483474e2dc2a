# Section 3.1 of AMFI-Net. RGB: 16 frames at equal intervals, 112x112. Readings: the
# square of 1000 pixels is the middle one of 1080, of which 112 of 121 are the share; of
# the rotations and flips only the one from left to right keeps each action what it is.
# Skeleton: normalised as in 2s-AGCN, 100 frames of the whole clip, two persons.
load = dict(
    type='ForEachModality',
    transforms=dict(
        rgb=[dict(type='OpenVideo', short_side=121)],
        skeleton=[dict(type='LoadSkeleton', layout='nturgb+d')],
    ),
)
crop = [
    dict(type='DecodeVideo'),
    dict(type='Resize', scale=(-1, 121)),
    dict(type='CenterCrop', crop_size=112),
]
form = dict(type='FormatShape', input_format='NCTHW')
skeleton = [
    dict(type='PreNormalize3D'),
    dict(type='ResampleSkeleton', clip_len=100),
    dict(type='FormatGCNInput', num_person=2),
]
train_pipeline = [
    load,
    dict(type='SyncSample', transforms=[dict(type='UniformSample', clip_len=16)]),
    dict(
        type='ForEachModality',
        transforms=dict(
            rgb=[*crop, dict(type='Flip', flip_ratio=0.5), form], skeleton=skeleton
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
    dict(
        type='ForEachModality',
        transforms=dict(rgb=[*crop, form], skeleton=skeleton),
    ),
    dict(type='PackModalityInputs'),
]
