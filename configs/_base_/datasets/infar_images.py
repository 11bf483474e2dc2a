# InfAR for 2-D backbones: frames as a batch of images.
_base_ = './infar.py'
_images = [
    dict(type='ForEachModality',
         transforms=[dict(type='FormatShape', input_format='NCHW')]),
    dict(type='PackModalityInputs'),
]
_crop = dict(
    type='ForEachModality',
    transforms=[dict(type='CenterCrop', crop_size=224)])

train_pipeline = _base_.train_pipeline[:-2] + _images
test_pipeline = _base_.test_pipeline[:-2] + [_crop] + _images
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
