"""Two processes whose batches lack different modalities (gloo)."""

import socket

import pytest
import torch
from factory import MODALITIES, build, make_batch, model_config, total
from torch import distributed, multiprocessing
from torch.nn.parallel import DistributedDataParallel

NO_MASK = dict(path='dense', mask_attention=False, mask_mlp=False, loss_distill=None)
CASES = dict(
    separate_weights=dict(share_weights=False),
    # Table 5, "no mask": the scorer has no part in the loss
    no_mask=dict(head=NO_MASK),
    no_mask_in_attention=dict(head=dict(path='dense', mask_attention=False)),
)
STEPS = 2


def batch_of(rank):
    """No sample of rank 1 has the thermal modality."""
    absent = [('thermal', i) for i in range(2)] if rank else ()
    return make_batch(2, seed=rank, absent=absent)


def branches_config():
    """A branch of its own for each modality."""
    config = model_config(
        neck=dict(type='FeatureSum'),
        head=dict(type='I3DHead', num_classes=5, in_channels=64, dropout_ratio=0),
    )
    branch = dict(
        type='Hiera',
        arch=dict(embed_dims=8, num_heads=1, depths=(1, 1, 1, 1)),
        num_frames=4,
        img_size=16,
        spatial_stride=2,
    )
    config['backbone'] = dict(
        type='MultiBranchBackbone', branches=dict.fromkeys(MODALITIES, branch)
    )
    config['cls_head'] = dict(type='TimeSformerHead', num_classes=5, in_channels=64)
    return config


def configs():
    return {
        **{name: model_config(**x) for name, x in CASES.items()},
        'branches': branches_config(),
    }


def gradients(model, rank):
    """Of one step, without noise that depends on the process."""
    model.zero_grad()
    torch.manual_seed(0)
    total(model(*batch_of(rank), mode='loss')).backward()
    return {
        name.removeprefix('module.'): x.grad.clone()
        for name, x in model.named_parameters()
    }


def work(rank, port, folder):
    torch.set_num_threads(1)
    distributed.init_process_group(
        'gloo', init_method=f'tcp://127.0.0.1:{port}', rank=rank, world_size=2
    )
    for name, config in configs().items():
        model = DistributedDataParallel(build(config).train())
        # A parameter that was left out shows in the second step.
        for _ in range(STEPS):
            found = gradients(model, rank)
        if rank == 0:
            torch.save(found, f'{folder}/{name}.pth')
        # The model goes before the group: the last reference to the group, in the
        # model, joins gloo's thread with the interpreter's lock, which that thread
        # may wait for.
        del model
    distributed.destroy_process_group()


@pytest.fixture(scope='module')
def distributed_gradients(tmp_path_factory):
    folder = tmp_path_factory.mktemp('gradients')
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    multiprocessing.spawn(work, (port, str(folder)), nprocs=2)
    return {name: torch.load(folder / f'{name}.pth') for name in configs()}


@pytest.mark.parametrize('name', configs())
def test_gradients_are_the_mean_of_the_processes(name, distributed_gradients):
    model = build(configs()[name]).train()
    one, other = (gradients(model, rank) for rank in range(2))
    found = distributed_gradients[name]
    assert set(found) == {key for key, _ in model.named_parameters()}
    for key, value in found.items():
        expected = (one[key] + other[key]) / 2
        torch.testing.assert_close(value, expected, rtol=1e-4, atol=1e-5, msg=key)
