"""STAF that is told which frames show the actor: what its selection can reach."""

_base_ = '../staf_synth.py'
from mmbimodal.datasets import change_steps

_truth = dict(type='LoadVisibility', truth_file='data/synth/truth.json')
_packed = dict(PackModalityInputs=dict(meta_keys=('frame_inds', 'visible')))
train_pipeline = change_steps(_base_.train_pipeline, **_packed)
test_pipeline = change_steps(_base_.test_pipeline, **_packed)
# after the decoder
train_pipeline.insert(3, _truth)
test_pipeline.insert(3, _truth)
del _truth, _packed

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
model = dict(neck=dict(type='OracleSelector'))
