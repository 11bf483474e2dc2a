"""bfloat16 logits → ``TypeError: Got unsupported ScalarType BFloat16``.

``BaseHead.loss_by_feat`` of MMAction2 1.2.0 turns the logits into a numpy
array for the accuracy, and numpy has no bfloat16. Can go when training with
``AmpOptimWrapper(dtype='bfloat16')`` works upstream.
"""

from functools import wraps

from mmaction.models.heads import BaseHead


def patch() -> None:
    """Let every head compute its loss on float32 logits."""
    original = BaseHead.loss_by_feat
    if hasattr(original, '__wrapped__'):
        return

    @wraps(original)
    def loss_by_feat(self, cls_scores, data_samples):
        return original(self, cls_scores.float(), data_samples)

    BaseHead.loss_by_feat = loss_by_feat
