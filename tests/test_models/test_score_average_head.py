"""The average of scores against its formula in float64."""

import pytest
from factory import total
from fusion import NAMES, close, features, logits_of, make, nll, samples


@pytest.mark.parametrize('count', [2, 3])
def test_average(count):
    head, feats = make('ScoreAverageHead', count=count), features(count=count)
    logits = logits_of(head, feats)
    close(head(feats).softmax(-1), logits.softmax(-1).mean(dim=1))
    losses = head.loss(feats, samples())
    for i, name in enumerate(feats):
        close(losses[f'{name}/loss_cls'], nll(logits[:, i]))
    close(total(losses), sum(nll(x) for x in logits.unbind(1)))


def test_average_does_not_depend_on_the_order():
    head, feats = make('ScoreAverageHead'), features()
    swapped = dict(zip(NAMES, reversed(feats.values())))
    other = make('ScoreAverageHead')
    for name, source in zip(NAMES, reversed(NAMES[:2])):
        other.fc_cls[name].load_state_dict(head.fc_cls[source].state_dict())
    close(other(swapped), head(feats))
