# For 2-D backbones: the frames as T images C×H×W instead of a clip C×T×H×W.
_base_ = './clip_8x64.py'
from mmbimodal.datasets import change_steps

train_pipeline = change_steps(
    _base_.train_pipeline, FormatShape=dict(input_format='NCHW')
)
test_pipeline = change_steps(
    _base_.test_pipeline, FormatShape=dict(input_format='NCHW')
)
