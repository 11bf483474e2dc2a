# The same on pictures of 64x64, for small models and small videos.
_base_ = './clip_8x224.py'
from mmbimodal.datasets import change_steps

train_pipeline = change_steps(
    _base_.train_pipeline,
    OpenVideo=dict(short_side=80),
    SyncResize=dict(short_side=(66, 80)),
    RandomCrop=dict(size=64),
)
test_pipeline = change_steps(
    _base_.test_pipeline,
    OpenVideo=dict(short_side=72),
    SyncResize=dict(short_side=72),
    CenterCrop=dict(crop_size=64),
)
