"""Heads, features and references for the tests of the score fusions."""

import torch
from factory import CLASSES, perturb
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample

from mmbimodal.structures import BranchFeatures

NAMES = ('visible', 'thermal', 'depth')
WIDTH, BATCH = 6, 7
LABELS = torch.arange(BATCH) % CLASSES


def config_of(kind, width=WIDTH, count=2, **options):
    return dict(
        type=kind,
        num_classes=CLASSES,
        in_channels=width,
        modalities=NAMES[:count],
        average_clips='prob',
        **options,
    )


def make(kind, **options):
    """A head, random in all its parameters."""
    torch.manual_seed(0)
    head = MODELS.build(config_of(kind, **options))
    head.init_weights()
    return perturb(head, std=0.5)


def features(size=BATCH, count=2, seed=0, absent=(), scale=1.0, channels=None):
    """What a backbone could return; ``absent``: pairs (modality, row)."""
    generator = torch.Generator().manual_seed(seed)
    channels = channels or dict.fromkeys(NAMES, WIDTH)
    return {
        name: BranchFeatures(
            scale * torch.randn(size, channels[name], generator=generator),
            torch.tensor([(name, i) not in absent for i in range(size)]),
        )
        for name in NAMES[:count]
    }


def samples(size=BATCH, offset=0, absent=()):
    """Labelled 0, 1, …, with indices of the data set from ``offset`` on.

    ``absent``: pairs (modality, row), as for :func:`features`.
    """
    return [
        ActionDataSample(
            metainfo=dict(
                sample_idx=i + offset,
                modalities=dict.fromkeys(x for x in NAMES if (x, i) not in absent),
            )
        ).set_gt_label(i % CLASSES)
        for i in range(size)
    ]


def logits_of(head, feats):
    """The branches' logits in float64, B×M×K."""
    return torch.stack(
        [
            feats[name].features.double() @ head.fc_cls[name].weight.double().T
            + head.fc_cls[name].bias
            for name in feats
        ],
        dim=1,
    )


def nll(logits):
    """Mean cross-entropy of BATCH samples."""
    return -logits.log_softmax(-1)[range(BATCH), LABELS].mean()


def close(found, expected, **kwargs):
    kwargs = dict(dict(rtol=1e-4, atol=1e-5), **kwargs)
    torch.testing.assert_close(found.double(), expected.double(), **kwargs)
