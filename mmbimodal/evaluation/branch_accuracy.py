from collections.abc import Sequence
from typing import Any

from mmaction.evaluation import AccMetric
from mmaction.registry import METRICS


@METRICS.register_module()
class BranchAccuracy(AccMetric):
    """``AccMetric``, and the accuracy of each branch where there are any.

    ``acc/top1`` and so on are those of MMAction2's ``AccMetric``. A head that
    keeps the branches' own classifiers leaves ``branch_scores`` in the data
    samples, a dictionary of the present modalities; they give
    ``<modality>/top1`` and so on, over the samples that have the modality.

    Args:
        kwargs: For :class:`mmaction.evaluation.AccMetric`, without
            ``prefix``.
    """

    default_prefix: str | None = None

    def process(
        self, data_batch: Sequence[tuple[Any, dict]], data_samples: Sequence[dict]
    ) -> None:
        """Remember the branches' scores beside labels and scores."""
        super().process(data_batch, data_samples)
        for result, sample in zip(self.results[-len(data_samples) :], data_samples):
            result['branches'] = {
                name: scores.cpu().numpy()
                for name, scores in sample.get('branch_scores', {}).items()
            }

    def compute_metrics(self, results: list[dict]) -> dict:
        """Accuracies of the model and of its branches."""
        metrics = {
            f'{AccMetric.default_prefix}/{key}': value
            for key, value in super().compute_metrics(results).items()
        }
        for name in dict.fromkeys(x for r in results for x in r['branches']):
            having = [x for x in results if name in x['branches']]
            accuracies = self.calculate(
                [x['branches'][name] for x in having], [x['label'] for x in having]
            )
            metrics.update(
                {f'{name}/{key}': value for key, value in accuracies.items()}
            )
        return metrics
