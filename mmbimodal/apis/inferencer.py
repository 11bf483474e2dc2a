"""Predictions for one's own files, in one line."""

import math
from collections.abc import Iterable
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.infer import BaseInferencer
from rich.console import Console
from rich.progress import track
from torch import nn

from mmbimodal.errors import InputError
from mmbimodal.structures import Selection, Timeline
from mmbimodal.visualization import save_png, selection_figure, timeline_figure

from .inference import class_names, init_recognizer, predict
from .input_checks import check_scores, warn_of_lengths, warn_of_swapped
from .inputs import Inputs, list_samples
from .results import check_writable, prediction_row, save_results, save_timeline
from .seconds import parse_seconds
from .timeline import predict_timeline
from .zoo import find_model

_progress = partial(track, console=Console(stderr=True), description='inference')


def _check_batch_size(batch_size: int) -> None:
    if batch_size < 1:
        raise InputError(f'batch_size={batch_size}: give at least 1')


class MMBimodalInferencer(BaseInferencer):
    """Predictions of any recognizer of the toolbox.

    Samples go through the config's test pipeline: the predictions are those of
    ``tools/test.py``::

        inferencer = MMBimodalInferencer('staf_synth')
        inferencer(dict(rgb='a.avi', ir='b.avi'))['predictions'][0]['pred_class']

    Args:
        model (str | Path | Config): Name of a model, a config, or its path.
        weights (str | Path, optional): Path or URL of the checkpoint. Defaults to the
            released weights of a name.
        device (str, optional): Where the model runs. Defaults to the accelerator
            where there is one.
        show_progress (bool): Show a progress bar for more than one batch. Defaults
            to True.

    Raises:
        InputError: There is no such config or checkpoint, or they do not belong
            together.
    """

    def __init__(
        self,
        model: str | PathLike | Config,
        weights: str | PathLike | None = None,
        device: str | None = None,
        show_progress: bool = True,
    ) -> None:
        super().__init__(
            str(model) if isinstance(model, PathLike) else model,
            weights,
            device,
            scope='mmaction',
            show_progress=show_progress,
        )

    def __call__(
        self,
        inputs: Inputs,
        return_datasamples: bool = False,
        batch_size: int = 1,
        *,
        top_k: int = 5,
        out_dir: str | PathLike | None = None,
        out_file: str | PathLike | None = None,
    ) -> dict[str, Any]:
        """Predict.

        Args:
            inputs (Mapping | Sequence[Mapping] | str | Path): See
                :func:`~mmbimodal.apis.inputs.list_samples`. Not modified.
            return_datasamples (bool): Return ``ActionDataSample`` instead of
                dictionaries. Defaults to False.
            batch_size (int): Samples that are computed together. Defaults to 1.
            top_k (int): How many classes ``top_k`` holds. Defaults to 5.
            out_dir (str | Path, optional): Folder for ``predictions.json``,
                ``predictions.csv`` and, where the model selects frames, a picture
                ``<sample_id>.png`` of each sample.
            out_file (str | Path, optional): ``.json`` or ``.csv`` to write the
                predictions to.

        Returns:
            dict: ``predictions``, one for each sample (see :meth:`pred2dict`), and
            ``visualization``, the paths of the pictures.

        Raises:
            InputError: The samples or the paths are of no use, or a score is NaN.
        """
        _check_batch_size(batch_size)
        samples = list_samples(inputs, self.cfg.test_dataloader.dataset)
        check_writable(out_dir, out_file)
        batches: Iterable[dict] = self.preprocess(samples, batch_size)
        count = math.ceil(len(samples) / batch_size)
        if self.show_progress and count > 1:
            batches = _progress(batches, total=count)
        preds, pictures = [], []
        for batch in batches:
            found = self.forward(batch)
            if out_dir is not None:
                pictures += self.visualize(batch, found, out_dir=out_dir)
            for sample in found:
                sample.pop('selection', None)  # it holds frames
            preds += found
        return self.postprocess(
            preds, pictures, return_datasamples, top_k, out_dir, out_file
        )

    def timeline(
        self,
        pair: Inputs,
        window: float | str,
        stride: float | str | None = None,
        batch_size: int = 1,
        *,
        out_dir: str | PathLike | None = None,
        out_file: str | PathLike | None = None,
    ) -> Timeline:
        """Predict windows that slide over a long sample.

        Args:
            pair (Mapping | str | Path): One sample, as in :meth:`__call__`. The scores
                of a window are those of this sample from its ``start`` to its ``end``.
            window (float | str): Length in seconds, or a text such as ``'500ms'``.
            stride (float | str, optional): Time from a window to the next. Defaults to
                a quarter of the window.
            batch_size (int): Windows that are computed together. Defaults to 1.
            out_dir (str | Path, optional): Folder for ``timeline.json``, ``.csv``,
                ``.png`` and ``.mp4``, and ``segments.csv``.
            out_file (str | Path, optional): ``.json`` or ``.csv`` of the windows.

        Returns:
            Timeline: Scores, smoothed scores and segments.

        Raises:
            InputError: A file, a time or a path is of no use, or a score is NaN.
        """
        length = parse_seconds(window, 'window')
        step = length / 4 if stride is None else parse_seconds(stride, 'stride')
        _check_batch_size(batch_size)
        (sample, *others) = list_samples(pair, self.cfg.test_dataloader.dataset)
        if others:
            raise InputError('a timeline is of one sample: give one at a time')
        check_writable(out_dir, out_file)
        timeline = predict_timeline(
            self.model,
            self.pipeline,
            sample,
            length,
            step,
            batch_size,
            video=None if out_dir is None else Path(out_dir, 'timeline.mp4'),
            progress=_progress if self.show_progress else None,
        )
        save_timeline(timeline, out_dir, out_file)
        if out_dir is not None:
            save_png(timeline_figure(timeline), Path(out_dir, 'timeline.png'))
        return timeline

    def forward(self, inputs: dict, **kwargs) -> list[ActionDataSample]:
        """Predictions of one batch.

        Args:
            inputs (dict): N collated samples.

        Returns:
            list[ActionDataSample]: N samples; with ``key_frames`` and ``selection``
            where the model selects.

        Raises:
            InputError: A score is NaN.
        """
        samples, selections = predict(self.model, inputs)
        check_scores(samples)
        warn_of_lengths(samples)
        warn_of_swapped(self.model.data_preprocessor, inputs)
        for sample, selection in zip(samples, selections):
            sample.key_frames = {
                name: part.frame_inds[part.levels == 'key'].tolist()
                for name, part in selection.modalities.items()
            }
            sample.selection = selection
        return samples

    def visualize(
        self,
        inputs: dict,
        preds: list[ActionDataSample],
        show: bool = False,
        out_dir: str | PathLike = '',
    ) -> list[str]:
        """Draw what the model selects.

        Args:
            inputs (dict): The batch.
            preds (list[ActionDataSample]): Of :meth:`forward`.
            show (bool): Not used, files are written.
            out_dir (str | Path): Where to.

        Returns:
            list[str]: Paths of the pictures; none where the model selects nothing.
        """
        selections: list[Selection] = [x.selection for x in preds if 'selection' in x]
        pictures = []
        for selection in selections:
            pictures.append(str(Path(out_dir, f'{selection.sample_id}.png')))
            save_png(selection_figure(selection), pictures[-1])
        return pictures

    def postprocess(
        self,
        preds: list[ActionDataSample],
        visualization: list[str],
        return_datasamples: bool = False,
        top_k: int = 5,
        out_dir: str | PathLike | None = None,
        out_file: str | PathLike | None = None,
    ) -> dict[str, Any]:
        """Write the predictions and return them; see :meth:`__call__`."""
        rows = [self.pred2dict(x, top_k) for x in preds]
        classes = class_names(self.model, len(rows[0]['scores']))
        save_results(rows, classes, out_dir, out_file)
        return dict(
            predictions=preds if return_datasamples else rows,
            visualization=visualization,
        )

    def pred2dict(self, sample: ActionDataSample, top_k: int = 5) -> dict[str, Any]:
        """A prediction as JSON can hold it.

        Args:
            sample (ActionDataSample): Of :meth:`forward`.
            top_k (int): Length of ``top_k``. Defaults to 5.

        Returns:
            dict: ``sample_id``; ``pred_label``, ``pred_class`` and ``pred_score`` of
            the best class; ``top_k``, a list of ``{class, score}`` from the best one
            on; ``scores`` of all K classes; ``branches`` (modality → ``class``,
            ``score`` and ``scores``) where the head has a classifier for each branch;
            ``key_frames`` (modality → indices in its video) where the model selects;
            ``label`` and ``label_class`` where they are known.
        """
        classes = class_names(self.model, len(sample.pred_score))
        return prediction_row(sample, classes, top_k)

    def _load_model_from_metafile(self, model: str) -> tuple[Config, str]:
        """Config and released weights of a name; mmengine calls it for no file.

        Raises:
            InputError: There is no such model.
        """
        config, weights = find_model(model)
        return Config.fromfile(config), weights

    def _init_model(
        self, cfg: Config, weights: str | PathLike | None, device: str = 'cpu'
    ) -> nn.Module:
        """A recognizer that the checkpoint fills completely."""
        if weights is None:
            raise InputError(
                'there is no checkpoint, and untrained weights predict nothing: give '
                'the path of one as weights'
            )
        return init_recognizer(cfg, str(weights), device)

    def _init_pipeline(self, cfg: Config) -> Compose:
        """The test pipeline as it is."""
        return Compose(cfg.test_dataloader.dataset.pipeline)

    def _init_visualizer(self, cfg: Config) -> None:
        """Nothing to keep: :meth:`visualize` writes files."""
