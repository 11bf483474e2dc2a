# 32 moments of one person's skeleton of the Kinect v1, stretched from the clip, as
# joints, bones and motions. View and scale change as in CTR-GCN's feeder.
load = dict(
    type='ForEachModality',
    transforms=dict(skeleton=[dict(type='LoadSkeleton', layout='kinect20')]),
)
form = [
    dict(type='MinMaxSkeleton'),
    dict(
        type='SkeletonStreams',
        layout='kinect20',
        streams=('joint', 'bone', 'motion'),
    ),
    dict(type='FormatGCNInput', num_person=1),
]
train_pipeline = [
    load,
    dict(
        type='ForEachModality',
        transforms=dict(
            skeleton=[
                dict(type='ResampleSkeleton', clip_len=32, min_share=0.5),
                dict(type='CenterSkeleton'),
                dict(type='RotateSkeleton', max_degrees=(60, 60, 0)),
                dict(type='ScaleSkeleton', max_change=0.5),
                *form,
            ]
        ),
    ),
    dict(type='PackModalityInputs'),
]
test_pipeline = [
    load,
    dict(
        type='ForEachModality',
        transforms=dict(
            skeleton=[
                dict(type='ResampleSkeleton', clip_len=32),
                dict(type='CenterSkeleton'),
                *form,
            ]
        ),
    ),
    dict(type='PackModalityInputs'),
]
