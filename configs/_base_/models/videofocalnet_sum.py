# Video-FocalNet-B, tubelets of 2 frames. 221 GFLOPs and 157 M parameters in
# Table 1. The authors' Kinetics weights are not at a lasting address, hence
# FocalNet's ImageNet weights; the temporal branch starts untrained.
_base_ = './two_branch.py'
model = dict(
    backbone=dict(
        branch=dict(
            type='VideoFocalNet',
            arch='base',
            num_frames=8,
            tubelet_size=2,
            init_cfg=dict(
                type='Pretrained',
                checkpoint='https://github.com/microsoft/FocalNet/releases/'
                'download/v1.0.0/focalnet_base_srf.pth',
            ),
        )
    ),
    cls_head=dict(
        type='TimeSformerHead', num_classes=12, in_channels=1024, average_clips='prob'
    ),
)
