"""A small 2s-AGCN on the skeletons of Northwestern-UCLA."""

_base_ = './stgcn_nw_ucla.py'
from mmbimodal.datasets.skeleton import find_layout

model = dict(
    backbone=dict(
        branches=dict(
            skeleton=dict(
                backbone=dict(
                    _delete_=True,
                    type='AGCN',
                    graph_cfg=dict(
                        layout=find_layout('kinect20').graph(), mode='spatial'
                    ),
                    in_channels=9,
                    base_channels=32,
                    num_stages=6,
                    inflate_stages=[3, 5],
                    down_stages=[3, 5],
                    num_person=1,
                ),
            ),
        ),
    ),
)
