from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mmbimodal.structures import ModalitySelection, Selection

from .palette import BLUE, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Line widths and dashes say the same in print.
_EDGES: dict[str, dict[str, Any]] = dict(
    key=dict(edgecolor=VERMILION, linewidth=3.5, linestyle='-'),
    secondary=dict(edgecolor=BLUE, linewidth=2.2, linestyle=(0, (4, 2))),
)
_LEGEND = dict(key='key frame', secondary='secondary key frame')
_VEIL = (1.0, 1.0, 1.0, 0.75)
# Grey levels below which a frame shows nothing to a reader.
_BLACK = 8


def selection_figure(selection: Selection) -> 'Figure':
    """Film strips of all modalities, as in the paper's Figs 6 and 7.

    One row per modality, the first one above. Key frames have a solid frame,
    secondary ones a dashed frame; what the model dropped, regions as well as
    whole frames, is veiled. Below each picture its score (eq. 4).

    Args:
        selection (Selection): Of :func:`mmbimodal.apis.inspect_selection`.

    Returns:
        matplotlib.figure.Figure: For :func:`save_png`.
    """
    from matplotlib.figure import Figure

    rows = selection.modalities
    columns = max(len(x.frames) for x in rows.values())
    figure = Figure(
        figsize=(max(1.22 * columns + 0.5, 8.0), 1.55 * len(rows) + 1.0),
        layout='constrained',
    )
    axes = figure.subplots(len(rows), columns, squeeze=False)
    for line, (name, part) in zip(axes, rows.items()):
        for ax in line[len(part.frames) :]:
            ax.set_axis_off()
        line[0].set_ylabel(name, fontsize=13, fontweight='bold')
        for t, ax in enumerate(line[: len(part.frames)]):
            draw_frame(ax, part, t)
    figure.suptitle(title(selection), fontsize=12)
    add_legend(figure, selection, columns=3)
    return figure


def draw_frame(ax: 'Axes', part: ModalitySelection, t: int) -> None:
    """One picture with its outline, score and number in the video.

    Args:
        ax (matplotlib.axes.Axes): Where to.
        part (ModalitySelection): Of one modality.
        t (int): Which of its frames.
    """
    level, marks = part.levels[t], part.marks[t]
    height, width = part.frames[t].shape[:2]
    extent = (0, width, height, 0)
    ax.imshow(part.frames[t], interpolation='bicubic', extent=extent)
    veil = np.where(marks[..., None], 0.0, _VEIL)
    ax.imshow(veil, interpolation='nearest', extent=extent)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(level in _EDGES)
    if level in _EDGES:
        ax.spines[:].set(**_EDGES[level])
        _outline(ax, marks, extent, _EDGES[level]['edgecolor'])
    ax.set_xlabel(
        f'score {part.scores[t]:.2f}',
        fontsize=9,
        labelpad=4,
        fontweight='bold' if level == 'key' else 'normal',
        color='black' if level in _EDGES else '0.45',
    )
    ax.set_title(f'frame {part.frame_inds[t]}', fontsize=8, pad=4, color='0.35')


def _outline(
    ax: 'Axes', marks: np.ndarray, extent: Sequence[float], color: str
) -> None:
    """Line between kept and dropped ones of h×w regions.

    Without it, a pale place that is kept looks dropped.
    """
    x, y = extent[1] / marks.shape[1], extent[2] / marks.shape[0]
    rows, columns = np.nonzero(marks[:, 1:] != marks[:, :-1])
    ax.vlines((columns + 1) * x, rows * y, (rows + 1) * y, color=color, linewidth=1.2)
    rows, columns = np.nonzero(marks[1:] != marks[:-1])
    ax.hlines(
        (rows + 1) * y, columns * x, (columns + 1) * x, color=color, linewidth=1.2
    )


def title(selection: Selection) -> str:
    """Prediction with its probability, and the truth."""
    predicted = int(selection.class_scores.argmax())
    text = (
        f'{selection.sample_id}    predicted: '
        f'{selection.classes[predicted]} '
        f'({selection.class_scores[predicted]:.0%})'
    )
    if selection.label is not None:
        verdict = 'right' if predicted == selection.label else 'wrong'
        text += f'    true: {selection.classes[selection.label]} — {verdict}'
    return text


def add_legend(figure: 'Figure', selection: Selection, columns: int) -> None:
    """What outlines and veil mean, with the shares of regions kept."""
    from matplotlib.patches import Patch

    handles = []
    parts = selection.modalities.values()
    for level, name in _LEGEND.items():
        kept = [marks for x in parts for marks in x.marks[x.levels == level]]
        if kept:
            handles.append(
                Patch(
                    facecolor='white',
                    **_EDGES[level],
                    label=f'{name}: {kept[0].sum()} of {kept[0].size} regions kept',
                )
            )
    handles.append(
        Patch(facecolor='0.85', edgecolor='0.6', label='pale: dropped by the model')
    )
    if any(map(_any_black, parts)):
        # Divided attention mixes the frames before they are scored.
        note = 'black frame selected: its tokens hold parts of other frames'
        handles.append(Patch(facecolor='black', label=note))
        columns = 2
    figure.legend(
        handles=handles,
        loc='outside lower center',
        ncols=columns,
        frameon=False,
        fontsize=9,
        handlelength=2.4,
        handleheight=1.1,
    )


def _any_black(part: ModalitySelection) -> bool:
    """Whether a frame that the model selected is black."""
    selected = part.frames[part.levels != 'background']
    return bool((selected.mean(axis=(1, 2, 3)) < _BLACK).any())
