"""The backbone that the fine-tuned experiments on generated pairs start from.

As Kinetics-400 is for the paper's rows: it has seen clips of both kinds, but
never two at a time, so that no way of fusing them is favoured.
"""

_base_ = '../baselines/timesformer_synth.py'
train_pipeline = [
    *(x for x in _base_.train_pipeline if x['type'] != 'PackModalityInputs'),
    dict(type='ModalityDropout', prob=1.0),
    dict(type='PackModalityInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
