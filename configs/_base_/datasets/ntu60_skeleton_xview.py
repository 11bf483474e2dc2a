# NTU RGB+D 60, RGB + skeleton, cross-view: cameras 2 and 3 train (37 646), camera 1
# tests (18 932); samples without a skeleton are left out. RGB has a short side of 340.
_base_ = './ntu60_xview.py'
data = dict(
    made_by=(
        'python tools/data/ntu60/prepare.py data/ntu60 --protocol xview '
        '--modalities rgb skeleton --reencode 340'
    ),
    modalities=('rgb', 'skeleton'),
    kinds=dict(skeleton='Pose'),
)
# A batch of 64 is that of 2s-AGCN; AMFI-Net does not state its own.
train_dataloader = dict(batch_size=64, dataset=data)
val_dataloader = dict(batch_size=64, dataset=data)
test_dataloader = val_dataloader
