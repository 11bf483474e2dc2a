# Pairs of files, one annotation per split (mmbimodal/datasets/annotation.py).
# A data set adds where they are; a config adds its pipelines.
train_dataloader = dict(
    batch_size=8,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='PairedDataset', modalities=('rgb', 'ir')),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='PairedDataset', modalities=('rgb', 'ir'), test_mode=True),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='BranchAccuracy')
test_evaluator = val_evaluator
