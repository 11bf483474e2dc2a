import copy

import pytest

from mmbimodal.errors import InputError
from mmbimodal.experiments import merge_options


def test_options_are_merged_into_a_copy(tiny_config):
    before = copy.deepcopy(tiny_config._cfg_dict)
    merged = merge_options(
        tiny_config,
        {
            'model.neck.k1': 0.5,
            'model.cls_head.loss_distill': None,
        },
    )
    assert merged.model.neck.k1 == 0.5
    assert merged.model.cls_head.loss_distill is None
    assert tiny_config._cfg_dict == before


@pytest.mark.parametrize(
    'options',
    [
        # an argument that the config leaves at its default
        {'model.cls_head.mask_mlp': False},
        # another component, with its own arguments
        {'model.neck': dict(_delete_=True, type='KeepAll')},
        # arguments of a base class behind **kwargs
        {'model.cls_head.label_smooth_eps': 0.1},
        {'optim_wrapper.optimizer.amsgrad': True},
        {
            'param_scheduler': [
                dict(
                    type='LinearLR', start_factor=0.1, end=2, convert_to_iter_based=True
                )
            ]
        },
        {'default_hooks.checkpoint.save_best': None, 'load_from': 'a.pth'},
    ],
)
def test_options_that_are_read(tiny_config, options):
    merge_options(tiny_config, options)


@pytest.mark.parametrize(
    'options, sentence',
    [
        (
            {'model.neck.k3': 0.5},
            'model.neck.k3 is read by no component; '
            'model.neck takes: .*in_channels, .*k1, k2',
        ),
        (
            {'model.nek.k1': 0.5},
            'model.nek is read by no component; model takes: backbone',
        ),
        ({'trainer': 1}, 'trainer is read by no component; the config takes: '),
        ({'train_cfg.max_epoch': 1}, 'train_cfg takes: .*max_epochs'),
        ({'optim_wrapper.optimizer.rate': 1}, 'optimizer takes: .*lr'),
        (
            {'model.neck': dict(_delete_=True, type='KeepAll', k1=0.5)},
            'model.neck.k1 is read by no component; model.neck takes: init_cfg',
        ),
        (
            {'param_scheduler': [dict(type='LinearLR', gamma=0.1)]},
            r'param_scheduler.0.gamma is read by no component',
        ),
        ({'model.cls_head.type': 'NoSuchHead'}, "'NoSuchHead' is not registered"),
        ({'model.cls_head.path.to': 1}, 'do not fit'),
        ({'param_scheduler.first.end': 1}, 'param_scheduler.first.end do not'),
        ({'param_scheduler.9.end': 1}, 'param_scheduler.9.end do not fit'),
    ],
)
def test_options_that_nothing_reads(tiny_config, options, sentence):
    with pytest.raises(InputError, match=sentence):
        merge_options(tiny_config, options)
