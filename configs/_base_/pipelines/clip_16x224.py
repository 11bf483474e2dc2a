# 16 frames of each video instead of 8.
_base_ = './clip_8x224.py'
from mmbimodal.datasets import change_steps

train_pipeline = change_steps(_base_.train_pipeline, UniformSample=dict(clip_len=16))
test_pipeline = change_steps(_base_.test_pipeline, UniformSample=dict(clip_len=16))
