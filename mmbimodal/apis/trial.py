"""One uploaded pair: what a model says of it, and of less of it."""

import os.path as osp
import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple

import av
from mmengine.dataset import pseudo_collate

from mmbimodal.errors import InputError
from mmbimodal.structures import without_modalities
from mmbimodal.visualization import pair_figure, selection_figure

from .config import load_config
from .inferencer import MMBimodalInferencer
from .inputs import list_samples
from .zoo import fetch_weights, find_config, list_models

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# FFmpeg's other formats include playlists, which name further files to read.
_FORMATS = 'avi,mov,mp4,matroska,webm,flv,gif,mpeg,mpegts,asf'


class Limits(NamedTuple):
    """What an upload may hold at most.

    Args:
        megabytes (float): Size of the file, in units of 2²⁰ bytes. Defaults to 50.
        seconds (float): Length of the video. Defaults to 60.
        frames (int): Frames of the video. Defaults to 3600.
        pixels (int): Pixels of a frame. Defaults to those of 4K.
    """

    megabytes: float = 50.0
    seconds: float = 60.0
    frames: int = 3600
    pixels: int = 3840 * 2160


class Variation(NamedTuple):
    """What happens to one modality of a pair; ``str`` says it.

    Args:
        modality (str, optional): Which. Defaults to None: the pair stays as it is.
        is_off (bool): Whether it is missing, and not only darkened.
    """

    modality: str | None = None
    is_off: bool = False

    def __str__(self) -> str:
        if self.modality is None:
            return 'as recorded'
        return f'{self.modality} {"switched off" if self.is_off else "darkened"}'

    def apply(self, packed: dict[str, Any], brightness: float) -> dict[str, Any]:
        """A packed sample under this variation; ``packed`` is unchanged.

        Args:
            packed (dict): ``inputs``, pixels from 0 to 255, and ``data_samples``.
            brightness (float): Share of the light that is left where a modality is
                darkened.
        """
        name = self.modality
        if name is None or self.is_off:
            return without_modalities(packed, [] if name is None else [name])
        inputs = dict(packed['inputs'])
        inputs[name] = (inputs[name] * brightness).to(inputs[name].dtype)
        return dict(packed, inputs=inputs, data_samples=packed['data_samples'].clone())


class Trial(NamedTuple):
    """What a model says of a pair under one variation.

    Args:
        prediction (dict): Of :meth:`.MMBimodalInferencer.pred2dict`.
        figure (matplotlib.figure.Figure): Film strips of what it saw.
        opinions (list[tuple]): What is seen, class and score: for every variation,
            the pair as it is first, then for each branch that has a classifier.
        notes (list[str]): What looks wrong with the pair.
    """

    prediction: dict[str, Any]
    figure: 'Figure'
    opinions: list[tuple[str, str, float]]
    notes: list[str]


def models_of_videos(asked: Sequence[str] = ()) -> dict[str, list[str]]:
    """Released models that see nothing but videos.

    Args:
        asked (Sequence[str]): Names of models. Defaults to all that are released.

    Returns:
        dict[str, list[str]]: Name → modalities.

    Raises:
        InputError: A model asked for does not exist, is not released or sees more than
            videos.
    """
    chosen = {}
    for name in asked or list_models():
        try:
            fetch_weights(name)
            chosen[name] = _videos_of(name)
        except InputError:
            if asked:
                raise
    return chosen


def _videos_of(model: str) -> list[str]:
    """The modalities of a model, each of them a video."""
    settings = load_config(find_config(model)).test_dataloader.dataset
    others = {*(settings.get('kinds') or {}).values()} - {'RGB'}
    if others:
        raise InputError(
            f'{model} sees more than videos ({", ".join(sorted(others))}), which an '
            'upload cannot be: use tools/infer.py'
        )
    return list(settings.modalities)


def all_variations(modalities: Sequence[str]) -> list[Variation]:
    """The pair as it is, and each modality darkened and switched off."""
    return [Variation()] + [
        Variation(name, is_off) for name in modalities for is_off in (False, True)
    ]


def check_upload(path: str | PathLike, limits: Limits) -> None:
    """Refuse a file that is no video or holds more than the limits.

    Args:
        path (str | Path): A file of a stranger. No other file is read, whatever this
            one names.
        limits (Limits): What it may hold.

    Raises:
        InputError: It is too large or too long, or no video. The sentence holds the
            name of the file and not its folder.
    """
    name = osp.basename(path)
    if not osp.isfile(path):
        raise InputError(f'{name} was removed after a while: upload it again')
    megabytes = osp.getsize(path) / 2**20
    if megabytes > limits.megabytes:
        raise InputError(
            f'{name} has {megabytes:.0f} MB, and {limits.megabytes:g} MB are the most: '
            'cut it, or compress it'
        )
    try:
        with av.open(str(path), options=dict(format_whitelist=_FORMATS)) as container:
            if not container.streams.video:
                raise InputError(f'{name} holds no pictures: upload a video')
            _check_stream(name, container, limits)
    except (av.FFmpegError, OSError) as error:
        raise InputError(
            f'{name} is no video that can be read: upload one as MP4, AVI, MKV, WebM, '
            'MOV or GIF'
        ) from error


def _check_stream(name: str, container: Any, limits: Limits) -> None:
    """Go through the packets of a video, without decoding them."""
    stream = container.streams.video[0]
    height, width = stream.height, stream.width
    if height * width > limits.pixels:
        raise InputError(
            f'the frames of {name} have {width}×{height} pixels, and '
            f'{limits.pixels / 1e6:.1f} million are the most: make them smaller'
        )
    times: list[float] = []
    for count, packet in enumerate(container.demux(stream)):
        if packet.pts is not None:
            times += [float(packet.pts * packet.time_base)]
        if count > limits.frames or (times and times[-1] - times[0] > limits.seconds):
            raise InputError(
                f'{name} is too long: {limits.seconds:g} s and {limits.frames} frames '
                'are the most, so cut it'
            )


def try_pair(
    inferencer: MMBimodalInferencer,
    files: Mapping[str, str],
    variation: Variation,
    brightness: float,
) -> Trial:
    """Ask a model about a pair, and about less of it.

    The files are decoded once, and all variations run as one batch.

    Args:
        inferencer (MMBimodalInferencer): The model.
        files (Mapping[str, str]): Modality → path; some may be left out.
        variation (Variation): The one to show.
        brightness (float): See :meth:`Variation.apply`.

    Returns:
        Trial: What the model says.

    Raises:
        InputError: A file cannot be read, or the variation leaves nothing to see.
    """
    settings = inferencer.cfg.test_dataloader.dataset
    known = [name for name in settings['modalities'] if name in files]
    if not known:
        raise InputError(
            f'there is no video of {" or ".join(settings["modalities"])} yet: upload '
            'one, or pick an example'
        )
    variations = [x for x in all_variations(known) if len(known) > 1 or not x.is_off]
    if variation not in variations:
        raise InputError(
            f'"{variation}" needs a file of {variation.modality}, and one of another '
            'modality: upload both, or choose "as recorded"'
        )
    (sample,) = list_samples([{name: files[name] for name in known}], settings)
    packed = inferencer.pipeline(sample)
    batch = [x.apply(packed, brightness) for x in variations]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        found = inferencer.forward(pseudo_collate(batch))
    shown = variations.index(variation)
    rows = [inferencer.pred2dict(x) for x in found]
    opinions = [
        (_seen(x, known), row['pred_class'], row['pred_score'])
        for x, row in zip(variations, rows)
    ] + [
        (f'the classifier of {name}', x['class'], x['score'])
        for name, x in rows[shown].get('branches', {}).items()
    ]
    return Trial(
        rows[shown],
        _strips(str(variation), found[shown], batch[shown]['inputs']),
        opinions,
        sorted({str(x.message) for x in caught if x.category is UserWarning}),
    )


def _seen(variation: Variation, known: Sequence[str]) -> str:
    """What a model sees under a variation, with the names of the modalities."""
    if variation.modality is None:
        return ' + '.join(known) + (' (fused)' if len(known) > 1 else '')
    if not variation.is_off:
        return str(variation)
    left = [name for name in known if name != variation.modality]
    return f'{" + ".join(left)} alone ({variation})'


def _strips(title: str, sample: Any, inputs: Mapping[str, Any]) -> 'Figure':
    """What the model selects where it does, and else the frames that it saw."""
    if 'selection' in sample:
        return selection_figure(sample.selection._replace(sample_id=title))
    # V×3×T×H×W -> T×H×W×3, of the first view
    frames = {
        name: x[0].permute(1, 2, 3, 0).numpy()
        for name, x in inputs.items()
        if name in sample.modalities
    }
    return pair_figure(title, frames)
