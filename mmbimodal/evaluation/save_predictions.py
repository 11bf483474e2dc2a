import json
from collections.abc import Sequence
from typing import Any

from mmaction.registry import METRICS
from mmengine import fileio

from .branch_accuracy import BranchAccuracy


@METRICS.register_module()
class SavePredictions(BranchAccuracy):
    """``BranchAccuracy`` that also writes what was predicted, as JSON.

    MMAction2's ``--dump`` writes a pickle, which is not safe to open. For
    ``tools/test.py``::

        --cfg-options
        test_evaluator.type=mmbimodal.evaluation.SavePredictions
        test_evaluator.out_file=predictions.json

    The file holds ``classes``, a list of names, and ``predictions``, a list
    of ``{"sample_id", "label", "scores"}`` with the scores of all classes. In
    distributed testing it holds the samples of all processes.

    Args:
        out_file (str): Path of the JSON file.
        kwargs: For :class:`BranchAccuracy`.
    """

    def __init__(self, out_file: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self.out_file = out_file

    def process(
        self, data_batch: Sequence[tuple[Any, dict]], data_samples: Sequence[dict]
    ) -> None:
        """Remember the names of the samples beside labels and scores."""
        super().process(data_batch, data_samples)
        for result, sample in zip(self.results[-len(data_samples) :], data_samples):
            result['sample_id'] = sample['sample_id']

    def compute_metrics(self, results: list[dict]) -> dict:
        """Write the file; return the accuracies."""
        content = dict(
            classes=self.dataset_meta.get('classes'),
            predictions=[
                dict(
                    sample_id=x['sample_id'],
                    label=int(x['label']),
                    scores=[round(float(p), 6) for p in x['pred']],
                )
                for x in results
            ],
        )
        # The package's local backend renames a finished file.
        fileio.put(json.dumps(content).encode(), self.out_file)
        return super().compute_metrics(results)
