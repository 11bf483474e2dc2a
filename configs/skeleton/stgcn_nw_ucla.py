"""A small ST-GCN on the skeletons of Northwestern-UCLA; minutes on a CPU."""

_base_ = [
    '../_base_/datasets/nw_ucla.py',
    '../_base_/pipelines/skeleton_32.py',
    '../_base_/schedules/sgd_80e.py',
    '../_base_/default_runtime.py',
]
from mmbimodal.datasets.skeleton import find_layout

train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
randomness = dict(seed=0)
model = dict(
    type='MultiModalRecognizer',
    data_preprocessor=dict(
        type='PairedDataPreprocessor',
        preprocessors=dict(skeleton=dict(type='ActionDataPreprocessor')),
    ),
    backbone=dict(
        type='MultiBranchBackbone',
        branches=dict(
            skeleton=dict(
                type='SkeletonBranch',
                backbone=dict(
                    type='STGCN',
                    graph_cfg=dict(
                        layout=find_layout('kinect20').graph(), mode='stgcn_spatial'
                    ),
                    gcn_adaptive='init',
                    in_channels=9,
                    base_channels=32,
                    num_stages=6,
                    inflate_stages=[3, 5],
                    down_stages=[3, 5],
                ),
            ),
        ),
    ),
    neck=dict(type='FeatureSum'),
    cls_head=dict(
        type='I3DHead',
        num_classes=10,
        in_channels=128,
        spatial_type=None,
        dropout_ratio=0.0,
        init_std=0.02,
        average_clips='prob',
        label_smooth_eps=0.1,
    ),
)
