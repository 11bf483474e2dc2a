# NTU RGB+D 60, cross-view, with 16 frames of each video.
_base_ = './ntu60_xview.py'
train_pipeline = _base_.train_pipeline
test_pipeline = _base_.test_pipeline
for _pipeline in (train_pipeline, test_pipeline):
    _pipeline[1]['transforms'][0]['clip_len'] = 16
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
