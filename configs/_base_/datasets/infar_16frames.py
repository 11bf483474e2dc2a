# InfAR with 16 frames of each video.
_base_ = './infar.py'
_train = dict(
    type='SyncSample', transforms=[dict(type='UniformSample', clip_len=16)])
_test = dict(type='SyncSample', transforms=[
    dict(type='UniformSample', clip_len=16, test_mode=True)])

train_pipeline = _base_.train_pipeline
train_pipeline[1] = _train
test_pipeline = _base_.test_pipeline
test_pipeline[1] = _test
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
