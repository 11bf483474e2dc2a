# NTU RGB+D 60, RGB + IR, cross-view: cameras 2 and 3 train (37 920), camera 1
# tests (18 960). RGB 1920x1080, IR 512x424: re-encode both to a short side of
# 340 first (--reencode 340), or decoding starves the GPU.
_base_ = './pairs.py'

train_dataloader = dict(
    dataset=dict(
        data_root='data/ntu60',
        ann_file='annotations/xview_train.json',
        made_by='python tools/data/ntu60/prepare.py data/ntu60 --protocol xview',
    )
)
val_dataloader = dict(
    dataset=dict(train_dataloader['dataset'], ann_file='annotations/xview_test.json')
)
test_dataloader = val_dataloader
