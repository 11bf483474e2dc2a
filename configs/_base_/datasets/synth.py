# Generated pairs in the layout of NTU RGB+D, cross-view (tools/data/synth).
_base_ = './pairs.py'
# tools/analysis/modality_stats.py data/synth/annotations/xview_train.json
preprocessors = dict(
    rgb=dict(mean=[98.2, 94.5, 95.0], std=[53.3, 52.3, 52.0]),
    ir=dict(mean=[86.6, 86.6, 86.6], std=[44.4, 44.4, 44.4]),
)

train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    dataset=dict(
        data_root='data/synth',
        ann_file='annotations/xview_train.json',
        made_by=(
            'python tools/data/synth/generate.py data/synth --train 1440 --test 240'
        ),
    ),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=2,
    dataset=dict(
        data_root='data/synth',
        ann_file='annotations/xview_test.json',
        made_by=(
            'python tools/data/synth/generate.py data/synth --train 1440 --test 240'
        ),
    ),
)
test_dataloader = val_dataloader
