# Section 4.2 of AMFI-Net, one modality alone: SGD, learning rate 0.1, weight decay
# 5e-4. The rest is not stated; reading: 2s-AGCN's 50 epochs, x 0.1 at 30 and 40, and
# Nesterov momentum.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=50, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4),
)
param_scheduler = [
    dict(
        type='MultiStepLR',
        begin=0,
        end=50,
        by_epoch=True,
        milestones=[30, 40],
        gamma=0.1,
    )
]
auto_scale_lr = dict(enable=False, base_batch_size=64)
