# Hiera-B, 16 frames of each modality. Table 1 lists 203 GFLOPs and 115 M
# parameters: no published Hiera has both, this one has the former. The
# weights are licensed CC-BY-NC 4.0, not for commercial use.
_base_ = './two_branch.py'
model = dict(
    backbone=dict(
        branch=dict(
            type='Hiera',
            arch='base',
            num_frames=16,
            img_size=224,
            init_cfg=dict(
                type='Pretrained',
                checkpoint='https://dl.fbaipublicfiles.com/hiera/hiera_base_16x224.pth',
            ),
        )
    ),
    cls_head=dict(
        type='TimeSformerHead', num_classes=12, in_channels=768, average_clips='prob'
    ),
)
