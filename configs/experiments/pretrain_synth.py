"""The backbone that the fine-tuned experiments on generated pairs start from.

As Kinetics-400 is for the paper's rows: it has seen clips of both kinds, but
never two at a time, so that no way of fusing them is favoured.
"""

_base_ = '../baselines/timesformer_synth.py'
# Before the decoder: what is dropped is not read.
train_pipeline = [dict(type='ModalityDropout', prob=1.0), *_base_.train_pipeline]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
