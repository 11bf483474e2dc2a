# Section 4.2 of the paper: SGD with Nesterov momentum, mixed precision, 100
# epochs, learning rate x 0.1 at epochs 35 and 70. The batch size is not
# stated; reading: 8 pairs on each of 8 GPUs.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='AmpOptimWrapper',
    optimizer=dict(type='SGD', lr=0.005, momentum=0.9, nesterov=True),
)
param_scheduler = [
    dict(
        type='MultiStepLR',
        begin=0,
        end=100,
        by_epoch=True,
        milestones=[35, 70],
        gamma=0.1,
    )
]
auto_scale_lr = dict(enable=False, base_batch_size=64)
