from collections.abc import Sequence

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from mmbimodal.errors import InputError


@HOOKS.register_module()
class CheckpointMatchHook(Hook):
    """Refuse a checkpoint that leaves a part of the model untrained.

    mmengine only logs what a checkpoint does not fill, so that testing
    another architecture silently reports the accuracy of random weights.

    Args:
        may_differ (Sequence[str]): Prefixes of parameters that the file need
            not hold, such as ``'cls_head.fc_'`` to continue on a data set
            with other classes. Defaults to none.
    """

    def __init__(self, may_differ: Sequence[str] = ()) -> None:
        self.may_differ = tuple(may_differ)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Compare names and shapes.

        Raises:
            InputError: The file does not fill the model.
        """
        model = runner.model
        own = (model.module if is_model_wrapper(model) else model).state_dict()
        saved = {
            name.removeprefix('module.'): tensor
            for name, tensor in checkpoint.get('state_dict', checkpoint).items()
            if hasattr(tensor, 'shape')
        }
        unfilled = [
            name
            for name, tensor in own.items()
            # what is still empty takes its size from the file
            if tensor.numel()
            and not name.startswith(self.may_differ or ('\0',))
            and (name not in saved or saved[name].shape != tensor.shape)
        ]
        if unfilled:
            raise InputError(
                f'the checkpoint does not fit this model: {len(unfilled)} of '
                f'{len(own)} tensors are missing or of another shape, the '
                f'first {unfilled[0]}; use the config it was trained with, or '
                'name what may differ in '
                'CheckpointMatchHook.may_differ (custom_hooks)'
            )
