# Infrared-Visible ("InfAR" with both modalities): 960 training and 240 test
# pairs of 12 actions, 25 fps, RGB 720x480, IR 293x256.
_base_ = './pairs.py'

train_dataloader = dict(
    dataset=dict(
        data_root='data/infar',
        ann_file='annotations/train.json',
        made_by='python tools/data/infar/prepare.py RGB_DIR IR_DIR data/infar',
    )
)
val_dataloader = dict(
    dataset=dict(train_dataloader['dataset'], ann_file='annotations/test.json')
)
test_dataloader = val_dataloader
