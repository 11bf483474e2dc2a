# For small models from scratch on CPU: AdamW, warm-up and cosine. The scorer
# of the frames has a weak gradient and learns ten times as fast (ref. 30 of
# the paper slows the backbone down by ten or more).
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=22, val_interval=2)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys=dict(neck=dict(lr_mult=10))),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.04,
        by_epoch=True,
        begin=0,
        end=4,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        by_epoch=True,
        begin=4,
        end=22,
        T_max=18,
        convert_to_iter_based=True,
    ),
]
auto_scale_lr = dict(enable=False, base_batch_size=16)
