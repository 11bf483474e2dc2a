import torch
from mmaction.models import MultiModalDataPreprocessor
from mmaction.registry import MODELS


@MODELS.register_module()
class PairedDataPreprocessor(MultiModalDataPreprocessor):
    """Stack and normalise each modality of samples that may lack some.

    ``PackModalityInputs`` packs an absent modality as an empty tensor. It
    becomes zeros in the shape of a sample of the batch that has the modality.
    A modality that no sample has becomes N×V×0, since its shape is not known.
    The model asks the data samples, not the values, what is absent.

    Args:
        preprocessors (dict[str, dict]): Config of the preprocessor of each
            modality, such as ``ActionDataPreprocessor``.
    """

    def forward(self, data: dict, training: bool = False) -> dict:
        """Return a new batch; ``data`` is not modified.

        Args:
            data (dict): ``inputs`` (name → list of N tensors, V×… or empty)
                and ``data_samples``.
            training (bool): Passed on. Defaults to False.

        Returns:
            dict: ``inputs`` (name → N×V×…) and ``data_samples``.
        """
        filled = {}
        for name, rows in data['inputs'].items():
            shapes = [x for x in rows if x.numel()]
            if shapes:
                filled[name] = [
                    x if x.numel() else torch.zeros_like(shapes[0]) for x in rows
                ]
        batch = super().forward(dict(data, inputs=filled), training)
        views = min(x.shape[1] for x in batch['inputs'].values())
        inputs = {
            name: batch['inputs'][name]
            if name in filled
            else next(iter(batch['inputs'].values())).new_zeros(len(rows), views, 0)
            for name, rows in data['inputs'].items()
        }
        return dict(batch, inputs=inputs)
