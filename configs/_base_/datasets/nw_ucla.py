# Northwestern-UCLA, skeletons of the Kinect v1 alone, views 1 and 2 against view 3
# (tools/data/nw_ucla). 95 of the 464 test clips are copies of training clips: the
# annotations xview_noleak test without them, xview_strict train without them.
_base_ = './pairs.py'
data = dict(
    data_root='data/nw_ucla',
    made_by='python tools/data/nw_ucla/prepare.py data/nw_ucla',
    modalities=('skeleton',),
    kinds=dict(skeleton='Pose'),
)
train_dataloader = dict(
    batch_size=32,
    num_workers=1,
    dataset=dict(data, ann_file='annotations/xview_train.json'),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=1,
    dataset=dict(data, ann_file='annotations/xview_test.json'),
)
test_dataloader = val_dataloader
