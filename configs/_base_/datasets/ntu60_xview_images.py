# NTU RGB+D 60, cross-view, for 2-D backbones: frames as a batch of images.
_base_ = './ntu60_xview.py'
train_pipeline = _base_.train_pipeline
test_pipeline = _base_.test_pipeline
for _pipeline in (train_pipeline, test_pipeline):
    _pipeline[-2]['transforms'][-1]['input_format'] = 'NCHW'
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
