# Generated pairs with skeletons, cross-view (tools/data/synth). 480 test pairs, so that
# one standard error is about 2 points.
_base_ = './synth.py'
video = dict(type='ActionDataPreprocessor', format_shape='NCTHW')
preprocessors = dict(rgb=video, ir=video)
made_by = (
    'python tools/data/synth/generate.py data/synth_skeleton --train 1440 --test 480 '
    '--skeletons'
)
data = dict(
    data_root='data/synth_skeleton',
    made_by=made_by,
    modalities=('rgb', 'skeleton'),
    kinds=dict(skeleton='Pose'),
)
train_dataloader = dict(dataset=data)
val_dataloader = dict(dataset=data)
test_dataloader = val_dataloader
