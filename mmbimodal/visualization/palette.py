"""Colours and markers that many classes or methods can be told apart by."""

# Okabe and Ito's palette without its yellow, which is too pale for points.
BLUE, VERMILION, GREEN = '#0072b2', '#d55e00', '#009e73'
PURPLE, BLACK, ORANGE, SKY = '#cc79a7', '#000000', '#e69f00', '#56b4e9'
_COLORS = (BLUE, VERMILION, GREEN, PURPLE, BLACK, ORANGE, SKY)
# Those seven places apart share a colour, and are of unlike shapes.
_MARKERS = ('o', 's', '^', 'D', 'v', 'P', 'X', '*', '>', 'h', '<', 'p')


def marker_styles(count: int) -> list[dict[str, str]]:
    """Colour and marker of each of ``count`` groups.

    Twelve have a marker of their own each, for print and the colour-blind;
    84 have a combination of their own.
    """
    return [
        dict(
            marker=_MARKERS[i % len(_MARKERS)],
            color=_COLORS[(i + i // len(_MARKERS)) % len(_COLORS)],
        )
        for i in range(count)
    ]
