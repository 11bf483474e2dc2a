from typing import Any

from mmaction.models import BaseRecognizer
from mmaction.registry import MODELS
from mmaction.utils import OptSampleList, SampleList
from torch import Tensor

from mmbimodal.errors import InputError
from mmbimodal.structures import presence_of


@MODELS.register_module()
class MultiModalRecognizer(BaseRecognizer):
    """Recognizer of samples with several modalities.

    Backbone: dict of clips → dict of features. Neck (optional): features →
    features and auxiliary losses, as in MMAction2. Head: features → scores.
    Unlike ``MMRecognizer3D`` the neck is called in training and in testing.

    The data samples say which modalities a sample has, in all modes. Without
    data samples every sample has all of them.
    """

    def extract_feat(
        self,
        inputs: dict[str, Tensor],
        stage: str = 'neck',
        data_samples: OptSampleList = None,
        test_mode: bool = False,
    ) -> tuple[Any, dict]:
        """Extract features.

        Args:
            inputs (dict[str, Tensor]): For each modality N×V×…, V views of
                each of N samples; N×V×0 where no sample has it. Not modified.
            stage (str): ``'backbone'``, ``'neck'`` or ``'head'``. Defaults
                to ``'neck'``.
            data_samples (list[ActionDataSample], optional): Their metainfo
                names the modalities of each sample (``modalities``).
            test_mode (bool): Leave the auxiliary losses out. Defaults to
                False.

        Returns:
            tuple: Features of N·V views, and a dict for the head with
            ``loss_aux``, and ``num_segs`` (V) where the views of a modality are images.

        Raises:
            InputError: The modalities differ in their number of views.
        """
        views = {name: x.shape[1] for name, x in inputs.items()}
        num_views = min(views.values())
        if any(count != num_views for count in views.values()):
            raise InputError(
                f'the modalities have different numbers of '
                f'views, {views}: give their pipelines the same '
                'num_clips and crops'
            )
        feats = self.backbone(
            # N×V×… -> (N·V)×…
            {name: x.flatten(0, 1) for name, x in inputs.items()},
            presence_of(data_samples, inputs, num_views),
        )
        # N×V×C×H×W: MMAction2's heads for images gather the views of a sample. Beside
        # images another modality, a skeleton N×V×M×T×V'×C, has as many views.
        options: dict[str, Any] = {}
        if any(x.ndim == 5 for x in inputs.values()):
            options['num_segs'] = num_views
        loss_aux: dict[str, Tensor] = {}
        if stage != 'backbone' and self.with_neck:
            feats, loss_aux = self.neck(feats, data_samples=data_samples)
        if stage == 'head':
            feats = self.cls_head(feats, **options)
        if not test_mode:
            options['loss_aux'] = loss_aux
        return feats, options

    def predict(
        self, inputs: dict[str, Tensor], data_samples: SampleList, **kwargs: Any
    ) -> SampleList:
        """Predictions of N samples; upstream leaves the data samples out.

        Args:
            inputs (dict[str, Tensor]): For each modality N×V×….
            data_samples (list[ActionDataSample]): N samples.

        Returns:
            list[ActionDataSample]: With ``pred_score`` and ``pred_label``.
        """
        feats, options = self.extract_feat(
            inputs, data_samples=data_samples, test_mode=True
        )
        return self.cls_head.predict(feats, data_samples, **options)

    def forward(
        self,
        inputs: dict[str, Tensor],
        data_samples: OptSampleList = None,
        mode: str = 'tensor',
        stage: str = 'backbone',
        **kwargs: Any,
    ) -> Any:
        """As upstream, with the data samples in mode ``'tensor'``, too.

        Args:
            inputs (dict[str, Tensor]): For each modality N×V×….
            data_samples (list[ActionDataSample], optional): N samples.
            mode (str): ``'tensor'``, ``'loss'`` or ``'predict'``. Defaults to
                ``'tensor'``.
            stage (str): For ``'tensor'``, see :meth:`extract_feat`. Defaults
                to ``'backbone'``.
        """
        if mode == 'tensor':
            return self.extract_feat(inputs, stage, data_samples)[0]
        return super().forward(inputs, data_samples, mode, **kwargs)
