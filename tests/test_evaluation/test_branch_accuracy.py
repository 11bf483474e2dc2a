"""Accuracies of the fusion and of each branch."""

import json

import pytest
import torch
from mmaction.evaluation import AccMetric
from mmaction.structures import ActionDataSample

from mmbimodal.evaluation import BranchAccuracy, SavePredictions

CLASSES = 4


def sample(label, guess, **branches):
    """As the test loop hands them on: dictionaries."""
    result = ActionDataSample(metainfo=dict(sample_id=f's{label}'))
    result.set_gt_label(label)
    result.set_pred_score(torch.eye(CLASSES)[guess])
    if branches:
        result.branch_scores = {
            name: torch.eye(CLASSES)[x] for name, x in branches.items()
        }
    return result.to_dict()


FUSED = [
    sample(0, 0, visible=0, thermal=1),
    sample(1, 1, visible=1, thermal=1),
    sample(2, 3, visible=2),
    sample(3, 3, visible=0, thermal=3),
]


def evaluate(metric, samples):
    for part in (samples[:3], samples[3:]):
        metric.process(None, part)
    return metric.evaluate(len(samples))


def test_branches_beside_the_fusion():
    """The thermal branch is asked for three samples only."""
    found = evaluate(BranchAccuracy(), FUSED)
    assert found['acc/top1'] == pytest.approx(3 / 4)
    assert found['visible/top1'] == pytest.approx(3 / 4)
    assert found['thermal/top1'] == pytest.approx(2 / 3)
    assert 'thermal/mean1' in found and 'visible/top5' in found


def test_a_model_without_branches_has_the_metrics_of_upstream():
    plain = [sample(i % CLASSES, i * i % CLASSES) for i in range(9)]
    assert evaluate(BranchAccuracy(), plain) == evaluate(AccMetric(), plain)
    options = dict(
        metric_list='top_k_accuracy',
        metric_options=dict(top_k_accuracy=dict(topk=(2,))),
    )
    assert evaluate(BranchAccuracy(**options), plain) == evaluate(
        AccMetric(**options), plain
    )


def test_predictions_are_those_of_the_fusion(tmp_path):
    path = tmp_path / 'predictions.json'
    metric = SavePredictions(out_file=str(path))
    metric.dataset_meta = dict(classes=list('abcd'))
    found = evaluate(metric, FUSED)
    assert found == evaluate(BranchAccuracy(), FUSED)
    content = json.loads(path.read_text())
    assert [x['scores'].index(1) for x in content['predictions']] == [0, 1, 3, 3]
