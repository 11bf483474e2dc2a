import torch
from mmaction.registry import HOOKS
from mmengine.hooks import Hook

from mmbimodal.errors import InputError


@HOOKS.register_module()
class InvalidLossHook(Hook):
    """Stop at the first NaN or infinite loss and name the batch.

    It runs before the checkpoint hook, so no checkpoint with broken weights
    is written and the last good one stays.
    """

    priority = 'VERY_HIGH'

    def after_train_iter(
        self,
        runner,
        batch_idx: int,
        data_batch: dict,
        outputs: dict,
    ) -> None:
        """Look at the loss of the iteration.

        Raises:
            InputError: It is not finite.
        """
        if not torch.isfinite(outputs['loss']):
            ids = [x.metainfo['sample_id'] for x in data_batch['data_samples']]
            raise InputError(
                f'the loss is {outputs["loss"].item()} in epoch '
                f'{runner.epoch + 1}, iteration {batch_idx + 1}, on the '
                f'samples {", ".join(ids)}: look at these files, lower the '
                'learning rate, or clip gradients; earlier checkpoints in '
                f'{runner.work_dir} are intact'
            )
