from mmaction.models import BaseRecognizer
from mmaction.registry import MODELS
from mmaction.utils import OptSampleList
from torch import Tensor

from mmbimodal.errors import InputError


@MODELS.register_module()
class MultiModalRecognizer(BaseRecognizer):
    """Recognizer of samples with several modalities.

    Backbone: dict of clips → dict of features. Neck (optional): features →
    features and auxiliary losses, as in MMAction2. Head: features → scores.
    Unlike ``MMRecognizer3D`` the neck is called in training and in testing.
    """

    def extract_feat(
        self,
        inputs: dict[str, Tensor],
        stage: str = 'neck',
        data_samples: OptSampleList = None,
        test_mode: bool = False,
    ) -> tuple:
        """Extract features.

        Args:
            inputs (dict[str, Tensor]): For each modality N×V×…, V views of
                each of N samples. Not modified.
            stage (str): ``'backbone'``, ``'neck'`` or ``'head'``. Defaults
                to ``'neck'``.
            data_samples (list[ActionDataSample], optional): For necks with
                losses of their own.
            test_mode (bool): Leave the auxiliary losses out. Defaults to
                False.

        Returns:
            tuple: Features of N·V views, and a dict for the head with
            ``loss_aux``, and ``num_segs`` (V) where the views are images.

        Raises:
            InputError: The modalities differ in their number of views.
        """
        views = {name: x.shape[1] for name, x in inputs.items()}
        if any(count != min(views.values()) for count in views.values()):
            raise InputError(
                f'the modalities have different numbers of '
                f'views, {views}: give their pipelines the same '
                'num_clips and crops'
            )
        # N×V×… -> (N·V)×…
        feats = self.backbone({name: x.flatten(0, 1) for name, x in inputs.items()})
        # N×V×C×H×W: MMAction2's heads for images gather the views of a sample
        options = dict()
        if all(x.ndim == 5 for x in inputs.values()):
            options['num_segs'] = min(views.values())
        loss_aux = dict()
        if stage != 'backbone' and self.with_neck:
            feats, loss_aux = self.neck(feats, data_samples=data_samples)
        if stage == 'head':
            feats = self.cls_head(feats, **options)
        if not test_mode:
            options['loss_aux'] = loss_aux
        return feats, options
