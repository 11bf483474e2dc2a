"""Grey values of more than 8 bits, as thermal and depth sensors give them."""

from collections.abc import Sequence

import numpy as np

from mmbimodal.errors import InputError


def map_grey_levels(
    values: np.ndarray, value_window: Sequence[float] | None, path: str
) -> np.ndarray:
    """Map a window of grey values to what a picture holds.

    The window belongs to the sensor, not to the picture: the same value is the same
    grey in every frame of every sample.

    Args:
        values (np.ndarray): Grey values of one frame, H×W, of any numeric type.
        value_window (Sequence[float], optional): Lowest and highest value, which
            become 0 and 255; values outside are clipped.
        path (str): The file, for the message.

    Returns:
        np.ndarray: H×W×3, uint8.

    Raises:
        InputError: There is no window, and the values are not 8-bit.
    """
    if value_window is not None:
        low, high = value_window
        values = (values.astype(np.float32) - low) * (255 / (high - low))
        values = values.clip(0, 255).round().astype(np.uint8)
    elif values.dtype != np.uint8:
        raise InputError(
            f'{path} holds grey values of {8 * values.itemsize} bits '
            f'({values.min()} to {values.max()} in its first frame): say which values '
            "become black and white, with value_windows={'NAME': (LOW, HIGH)} in the "
            'data set of every split'
        )
    return np.repeat(values[..., None], 3, axis=-1)
