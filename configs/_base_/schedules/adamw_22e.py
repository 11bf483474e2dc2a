# For small models from scratch on CPU: one cycle of AdamW.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=22, val_interval=2)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
    clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(type='OneCycleLR', eta_max=1e-3, total_steps=22, by_epoch=True,
         pct_start=0.2, convert_to_iter_based=True)
]
auto_scale_lr = dict(enable=False, base_batch_size=16)
