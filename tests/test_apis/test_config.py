"""Overrides of a command line."""

from pathlib import Path

import pytest

from mmbimodal.apis import load_config
from mmbimodal.errors import InputError

STAF = Path(__file__).resolve().parents[2] / 'configs' / 'staf_synth.py'


def test_options_override_and_add():
    config = load_config(STAF, ['model.neck.k1=0.5', 'find_unused_parameters=True'])
    assert config.model.neck.k1 == 0.5
    assert config.find_unused_parameters is True


@pytest.mark.parametrize(
    'option, meant',
    [
        ('modle.neck.k1=0.5', 'model'),
        ('train_dataloder.batch_size=4', 'train_dataloader'),
        ('test_evalutor.type=AccMetric', 'test_evaluator'),
    ],
)
def test_a_misspelt_option_is_refused(option, meant):
    with pytest.raises(InputError, match=f'staf_synth.py has no .*mean {meant!r}'):
        load_config(STAF, [option])
