"""Feature addition that never sees a frame without the actor, with known truth.

The selection of STAF comes after a backbone that has mixed the frames of a
modality; here nothing is left to mix.
"""

_base_ = '../baselines/timesformer_synth.py'
_truth = dict(
    type='LoadVisibility', truth_file='data/synth/truth.json', blank_hidden=True
)
train_pipeline = [*_base_.train_pipeline]
test_pipeline = [*_base_.test_pipeline]
# after the decoder
train_pipeline.insert(3, _truth)
test_pipeline.insert(3, _truth)
del _truth

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
