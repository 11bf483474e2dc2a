from collections.abc import Sequence
from pathlib import Path

from mmaction.engine.hooks import VisualizationHook
from mmaction.registry import HOOKS
from mmaction.structures import ActionDataSample


@HOOKS.register_module()
class ModalityVisualizationHook(VisualizationHook):
    """MMAction2's ``VisualizationHook`` for samples of several modalities.

    The frames of the first view are drawn with label, prediction and scores,
    one folder per modality, one folder per sample in it. What is absent or no
    video, such as a skeleton, is left out.

    Args:
        enable (bool): Whether to draw; ``tools/test.py --show-dir`` sets it.
            Defaults to False.
        out_dir (str, optional): Where to. Defaults to the visualizer's
            storage.
        **kwargs: Of MMAction2's hook.
    """

    out_dir: str | None

    def _draw_samples(
        self,
        batch_idx: int,
        data_batch: dict,
        data_samples: Sequence[ActionDataSample],
        step: int = 0,
    ) -> None:
        """Draw a batch, ``data_batch['inputs']``: {name: N × [V, C, T, H, W]}."""
        if not self.enable:
            return
        # Upstream passes on what its visualizer calls by another name.
        if 'show' in self.draw_args:
            self.draw_args['show_frames'] = self.draw_args.pop('show')
        root = self.out_dir
        for i, sample in enumerate(data_samples):
            named = sample.clone()
            # Upstream names the pictures of a sample after its file.
            named.set_metainfo(dict(filename=sample.metainfo['sample_id']))
            index = batch_idx * len(data_samples) + i
            for name, videos in data_batch['inputs'].items():
                if videos[i].ndim == 5:
                    self.out_dir = root and str(Path(root) / name)
                    # [V, C, T, H, W] -> [C, T, H, W]
                    one = dict(inputs=[videos[i][0]])
                    super()._draw_samples(index, one, [named], step)
        self.out_dir = root
