import pytest
from mmaction.registry import MODELS

from mmbimodal.apis import one_sentence


@pytest.mark.parametrize(
    'key, value, sentence',
    [
        (
            'model.neck.k3',
            0.5,
            'error: in the config, KeyframeSelector got an unexpected keyword '
            "argument 'k3': correct its arguments",
        ),
        (
            'model.neck.type',
            'KeyframeSelect',
            'error: in the config, KeyframeSelect is not in the mmaction::model '
            'registry: correct the type, or name the module that registers it in '
            'custom_imports',
        ),
        (
            'model.neck.k1',
            2,
            'error: KeyframeSelector: k1=2 and k2=0.25 are '
            'shares of all frames: 0 < k1, 0 <= k2 and k1 + k2 <= 1',
        ),
    ],
)
def test_mistakes_in_a_config_are_one_sentence(tiny_config, key, value, sentence):
    tiny_config.merge_from_dict({key: value})
    with pytest.raises(SystemExit) as exit_, one_sentence():
        MODELS.build(tiny_config.model)
    assert exit_.value.code == sentence


def test_errors_of_the_code_keep_their_traceback():
    with pytest.raises(TypeError), one_sentence():
        int(None)
