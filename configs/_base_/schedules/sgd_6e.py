# Section 4.2 of AMFI-Net, the fusion: SGD, 6 epochs, learning rate 0.01, divided by 10
# at epoch 3. Momentum and weight decay are not stated; reading: those of the branches.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=6, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4),
)
param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=6, by_epoch=True, milestones=[3], gamma=0.1)
]
auto_scale_lr = dict(enable=False, base_batch_size=64)
