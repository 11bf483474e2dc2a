"""Colours and markers that many classes or methods can be told apart by."""

from typing import Any

# Okabe and Ito's palette without its yellow, which is too pale for points.
BLUE, VERMILION, GREEN = '#0072b2', '#d55e00', '#009e73'
PURPLE, BLACK, ORANGE, SKY = '#cc79a7', '#000000', '#e69f00', '#56b4e9'
# and five of Paul Tol's muted ones, which are darker or greyer than those.
_COLORS = (
    *(BLUE, VERMILION, GREEN, PURPLE, BLACK, ORANGE, SKY),
    *('#882255', '#999933', '#332288', '#888888', '#117733'),
)
_MARKERS = ('o', 's', '^', 'D', 'v', 'P', 'X', '*', '>', 'h', '<', 'p')


def marker_styles(count: int) -> list[dict[str, Any]]:
    """Colour and marker of each of ``count`` groups.

    Twelve have a colour and a marker of their own each, for print and the
    colour-blind; 144 have a combination of their own.
    """
    return [
        dict(
            marker=_MARKERS[i % len(_MARKERS)],
            color=_COLORS[(i + i // len(_MARKERS)) % len(_COLORS)],
        )
        for i in range(count)
    ]
