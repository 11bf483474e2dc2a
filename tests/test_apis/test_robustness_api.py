from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.dataset import pseudo_collate

from mmbimodal.apis import Condition, all_conditions, build_test_set, measure_robustness
from mmbimodal.experiments import load_table, merge_options

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
TABLE2 = {
    row.name: row for row in load_table(CONFIGS / 'experiments', 'table2', 'synth').rows
}
NAMES = ('visible', 'thermal')


class Reader:
    """A model that finds the label in the pixels of one modality.

    Its answer is wrong where more than half of the frames are black.
    """

    def __init__(self, modality):
        self.modality = modality

    def test_step(self, data):
        samples = data['data_samples']
        for i, sample in enumerate(samples):
            assert sample.modalities, 'nothing is left to be seen'
            x = data['inputs'][self.modality][i]
            present = self.modality in sample.modalities
            assert present == bool(x.numel())
            value = int(x.float().median(dim=2).values.max()) - 1 if present else -1
            sample.set_pred_label(value)
        return samples


def batches(names=NAMES):
    """Pixels are the label + 1, of 5 samples with 8 frames."""
    samples = [
        dict(
            inputs={
                name: torch.full((1, 3, 8, 2, 2), i + 1, dtype=torch.uint8)
                for name in names
            },
            data_samples=ActionDataSample(
                metainfo=dict(sample_id=f's{i}', modalities={key: {} for key in names})
            ).set_gt_label(i),
        )
        for i in range(5)
    ]
    yield samples[:3]
    yield samples[3:]


def test_conditions_of_two_modalities():
    found = all_conditions(NAMES, (0.5, 1))
    visible, thermal = (frozenset([name]) for name in NAMES)
    assert found == [
        Condition(),
        Condition(thermal),
        Condition(visible),
        Condition(blanked='visible', share=0.5),
        Condition(blanked='visible', share=1),
        Condition(blanked='thermal', share=0.5),
        Condition(blanked='thermal', share=1),
    ]
    assert len(all_conditions(NAMES)) == 11


def test_conditions_of_one_and_three_modalities():
    assert len(all_conditions(['visible'])) == 5
    alone = all_conditions(['a', 'b', 'c'], ())[1:]
    assert [sorted(x.absent) for x in alone] == [['b', 'c'], ['a', 'c'], ['a', 'b']]


def test_accuracy_under_each_condition():
    conditions = all_conditions(NAMES, (0.25, 0.75))
    found = measure_robustness(
        [Reader('visible'), Reader('thermal')], batches(), conditions, NAMES
    )
    # all; visible alone; thermal alone; visible black; thermal black
    assert found.tolist() == [[1, 1, 0, 1, 0, 1, 1], [1, 0, 1, 1, 1, 1, 0]]


def test_a_model_of_one_modality():
    conditions = all_conditions(NAMES, (0.25, 0.75))
    found = measure_robustness(
        [Reader('thermal')], batches(['thermal']), conditions, ['thermal']
    )
    assert np.isnan(found[0]).tolist() == [False, True] + [False] * 5
    assert found[0, [0, 2, 3, 4, 5, 6]].tolist() == [1, 1, 1, 1, 1, 0]


def recorded(model):
    """The scores of all batches that a model is tested on."""
    scores, step = [], model.test_step

    def test_step(data):
        found = step(data)
        scores.append(torch.stack([x.pred_score for x in found]))
        return found

    model.test_step = test_step
    return scores


@pytest.mark.parametrize('row', TABLE2)
def test_every_method_is_finite_under_every_condition(row, pairs):
    row = TABLE2[row]
    config = merge_options(Config.fromfile(CONFIGS / row.config), row.options)
    settings = config.test_dataloader.dataset
    settings.data_root = str(pairs)
    dataset = build_test_set(config)
    torch.manual_seed(0)
    model = MODELS.build(config.model).eval()
    scores = recorded(model)
    found = measure_robustness(
        [model],
        [[dataset[0], dataset[1]]],
        all_conditions(['rgb', 'ir']),
        settings.modalities,
    )[0]
    # A single modality can be missing for a model of it alone only.
    single = len(settings.modalities) == 1
    assert np.isnan(found).sum() == single
    assert len(scores) == (5 if single else 11)
    assert all(x.isfinite().all() for x in scores)


def test_conditions_change_the_scores(tiny_config):
    torch.manual_seed(0)
    model = MODELS.build(tiny_config.model).eval()
    dataset = build_test_set(tiny_config)
    samples = [dataset[i] for i in range(4)]
    with torch.no_grad():
        plain = torch.stack(
            [x.pred_score for x in model.test_step(pseudo_collate(samples))]
        )
    scores = recorded(model)
    measure_robustness(
        [model], [samples], all_conditions(dataset.modalities), dataset.modalities
    )
    assert torch.equal(scores[0], plain)
    for other in scores[1:]:
        assert (other - plain).abs().max() > 1e-6


@pytest.mark.parametrize('name', NAMES)
def test_a_condition_is_cut_to_what_a_model_sees(name):
    (other,) = set(NAMES) - {name}
    assert Condition(frozenset([name])).seen_by([name]) is None
    assert Condition(frozenset([name])).seen_by([other]) == Condition()
    assert Condition(blanked=name, share=1).seen_by([other]) == Condition()
    kept = Condition(blanked=name, share=1)
    assert kept.seen_by([name]) == kept
