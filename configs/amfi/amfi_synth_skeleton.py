"""Stage 2 of amfi_synth.py: the skeleton alone, with the channels of the RGB branch."""

_base_ = '../skeleton/agcn_synth.py'
wider = dict(num_stages=7, inflate_stages=[4, 7])
model = dict(
    backbone=dict(branches=dict(skeleton=dict(backbone=wider))),
    cls_head=dict(in_channels=128),
)
