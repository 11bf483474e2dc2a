"""Predictions of an exported model with numpy, decord and onnxruntime.

With ``_onnx_frames.py`` beside it, this file stands alone, for machines without
PyTorch::

    scores = ExportedModel('model.onnx').predict(dict(rgb='a.avi', ir='b.avi'))

The model's metadata says what to do with the frames. Frames, times, sampling, sizes and
crops are those of the package, to the last bit where a video is smaller than twice the
short side of the pipeline; larger ones are scaled by another filter. It reads videos of
8 bits, no folders of images.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from _onnx_frames import Clip, UnusableInput, resize_all, resize_one, sample

METADATA, PRESENT = 'mmbimodal', 'present'

_OF_ONE: dict[str, Callable] = dict(
    OpenVideo=Clip.open,
    DecodeVideo=Clip.decode,
    Resize=resize_one,
    CenterCrop=Clip.crop,
    FormatShape=Clip.format,
)
_OF_ALL: dict[str, Callable] = dict(
    SyncSample=sample,
    SyncResize=resize_all,
    PackModalityInputs=lambda clips: None,
)


class ExportedModel:
    """A file of ``tools/export.py``.

    Args:
        path (str | Path): ``.onnx``.

    Attributes:
        classes (list[str]): Names of the K classes.
        modalities (list[str]): Names of the M modalities.

    Raises:
        UnusableInput: It is no such file.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path
        if not os.path.isfile(path):
            raise UnusableInput(
                f'the model {path} does not exist: python tools/export.py NAME '
                f'--out {path} writes it'
            )
        try:
            self.session = onnxruntime.InferenceSession(
                str(path), providers=['CPUExecutionProvider']
            )
            entries = self.session.get_modelmeta().custom_metadata_map
            about = json.loads(entries[METADATA])
        except Exception as error:
            raise UnusableInput(
                f'{path} is not a model of tools/export.py, or cut off: export it again'
            ) from error
        self.classes: list[str] = about['classes']
        self.modalities: list[str] = list(about['modalities'])
        self._preprocessors, self._pipeline = about['modalities'], about['pipeline']
        self._shapes = {x.name: tuple(x.shape[1:]) for x in self.session.get_inputs()}

    def predict(self, files: Mapping[str, str]) -> np.ndarray:
        """Scores of one sample.

        Args:
            files (Mapping[str, str]): Modality → path of its video; with two
                modalities or more some may be left out.

        Returns:
            np.ndarray: K.

        Raises:
            UnusableInput: An unknown modality, a video that cannot be read or has no
                time in common with the others, a pipeline that is not for videos.
        """
        if not files or set(files) - set(self.modalities):
            raise UnusableInput(
                f'the sample has the modalities {", ".join(files) or "(none)"}, '
                f'{self.path} knows {", ".join(self.modalities)}: give at least one '
                'of these'
            )
        clips = self._prepare(files)
        feed = {}
        for name in self.modalities:
            shape = self._shapes[name]
            if name not in clips:
                feed[name] = np.zeros((1, *shape), np.float32)
                continue
            x = _normalise(clips[name].frames, self._preprocessors[name])
            if x.shape != shape:
                raise UnusableInput(
                    f'the {name} becomes {x.shape}, {self.path} takes {shape}: '
                    'it was exported with another pipeline'
                )
            feed[name] = x[None]
        if PRESENT in self._shapes:
            feed[PRESENT] = np.array([[name in clips for name in self.modalities]])
        [scores] = self.session.run(None, feed)
        if not np.isfinite(scores).all():
            raise UnusableInput(f'the scores of {self.path} are NaN or infinite')
        return scores[0]

    def _prepare(self, files: Mapping[str, str]) -> dict[str, Clip]:
        """Run the test pipeline."""
        clips = {x: Clip(x, files[x]) for x in self.modalities if x in files}
        for step in self._pipeline:
            if step['type'] == 'ForEachModality':
                for name, clip in clips.items():
                    for inner in _own_steps(step, name):
                        self._apply(_OF_ONE, inner, clip)
            else:
                self._apply(_OF_ALL, step, clips)
        return clips

    def _apply(
        self, functions: Mapping[str, Callable], step: dict[str, Any], target: Any
    ) -> None:
        options = dict(step)
        kind = options.pop('type')
        try:
            functions[kind](target, **options)
        except (KeyError, TypeError) as error:
            raise UnusableInput(
                f'{self.path} has the step {step} in its pipeline, which is not for '
                'videos or not known here: predict with the checkpoint'
            ) from error


def _own_steps(step: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """What ``ForEachModality`` does with a modality."""
    steps = step['transforms']
    if isinstance(steps, dict):
        return steps.get(name, [])
    return steps if name in (step.get('only') or [name]) else []


def _normalise(frames: np.ndarray, preprocessor: Mapping[str, Any]) -> np.ndarray:
    """``ActionDataPreprocessor``: V×3×…, uint8 → float32."""
    x = frames.astype(np.float32)
    if preprocessor.get('to_rgb'):
        x = x[:, ::-1]
    if preprocessor.get('mean') is None:
        return np.ascontiguousarray(x)
    # 3 -> 3×1×…
    mean, std = (
        np.array(preprocessor[key], np.float32).reshape(-1, *[1] * (x.ndim - 2))
        for key in ('mean', 'std')
    )
    return (x - mean) / std


def describe_sample(
    model: ExportedModel, files: Mapping[str, str], show_top: int
) -> dict[str, Any]:
    """A prediction as JSON can hold it, as ``MMBimodalInferencer`` returns it."""
    scores = model.predict(files).tolist()
    ranking = sorted(zip(model.classes, scores), key=lambda x: -x[1])
    top = [{'class': name, 'score': score} for name, score in ranking[:show_top]]
    stems = dict.fromkeys(Path(path).stem for path in files.values())
    return dict(
        sample_id='+'.join(stems),
        pred_label=scores.index(max(scores)),
        pred_class=top[0]['class'],
        pred_score=top[0]['score'],
        top_k=top,
        scores=scores,
    )


def save(prediction: dict[str, Any], classes: Sequence[str], path: Path) -> None:
    """Write a prediction as JSON, completely or not at all."""
    part = path.with_name(f'{path.name}.part')
    text = json.dumps(dict(classes=classes, predictions=[prediction]), indent=1)
    part.write_text(text, encoding='utf-8')
    os.replace(part, path)
