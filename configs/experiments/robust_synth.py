"""STAF that trains on pairs with a missing modality and with black frames.

Which frames of a pair are black stays the same in every epoch.
"""

_base_ = '../staf_synth.py'
train_pipeline = [
    *_base_.train_pipeline,
    # After the packing, where 0 is black.
    dict(type='BlankFrames', modality='rgb', share=0.25),
    dict(type='BlankFrames', modality='ir', share=0.25),
]
# Just before the packing: the protocols' options count on the decoder's place.
train_pipeline.insert(-3, dict(type='ModalityDropout', prob=0.1))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
