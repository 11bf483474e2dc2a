"""NTU RGB+D names, folders and the skeleton text format."""

import numpy as np

# The only place of this package that names the modalities.
VISIBLE, THERMAL, TRACKED = 'rgb', 'ir', 'skeleton'
SKELETON_FOLDER = 'nturgb+d_skeletons'
TEST_CAMERAS, TRAIN_CAMERAS = (1,), (2, 3)
SUBJECTS, SETUPS, REPETITIONS = 40, 17, 2


def sample_ids(count: int, cameras: tuple[int, ...], classes: int) -> list[str]:
    """Create ``count`` different ids; the numbers of the classes differ by one at
    most."""
    ids = []
    for number in range(count):
        take, action = divmod(number, classes)
        take, camera = divmod(take, len(cameras))
        # 40 and 17 have no common divisor: 680 pairs before the first
        # returns, and then with the other repetition.
        repetition = (take // 2 + take // (SUBJECTS * SETUPS)) % REPETITIONS
        ids.append(
            f'S{take % SETUPS + 1:03}C{cameras[camera]:03}'
            f'P{take % SUBJECTS + 1:03}R{repetition + 1:03}'
            f'A{action + 1:03}'
        )
    return ids


def largest_count(cameras: tuple[int, ...], classes: int) -> int:
    """Number of different ids."""
    return SUBJECTS * SETUPS * REPETITIONS * len(cameras) * classes


def video_path(sample_id: str, modality: str) -> str:
    return f'nturgb+d_{modality}/{sample_id}_{modality}.avi'


def skeleton_path(sample_id: str) -> str:
    return f'{SKELETON_FOLDER}/{sample_id}.skeleton'


def tracked_path(sample_id: str) -> str:
    """Of the skeleton as a sensor gives it."""
    return f'{TRACKED}/{sample_id}.npz'


def annotated_path(sample_id: str, modality: str) -> str:
    """Of what a model reads."""
    if modality == TRACKED:
        return tracked_path(sample_id)
    return video_path(sample_id, modality)


def skeleton_text(
    seen: np.ndarray, depth_pixels: np.ndarray, colour_pixels: np.ndarray
) -> str:
    """Write a skeleton in the official text format.

    Args:
        seen (np.ndarray): Camera coordinates in metres, [persons, T, 25, 3].
        depth_pixels (np.ndarray): Places in the infrared picture, which the Kinect's
            depth shares, [persons, T, 25, 2].
        colour_pixels (np.ndarray): Places in the RGB picture, same shape.

    Bones' orientations are not known to the generator: every one is the
    unit quaternion. All joints count as tracked (2).
    """
    persons, frames = seen.shape[:2]
    ones = np.ones(seen.shape[:3] + (1,))
    rows = np.concatenate(
        [
            seen,
            depth_pixels,
            colour_pixels,
            ones,
            0 * ones,
            0 * ones,
            0 * ones,
            2 * ones,
        ],
        -1,
    )
    line = '%.5g %.5g %.5g %.5g %.5g %.5g %.5g %g %g %g %g %d\n'
    body = '%d 0 1 1 1 1 0 0 0 2\n25\n' + line * 25
    parts = [f'{frames}\n']
    for frame in range(frames):
        parts.append(f'{persons}\n')
        for person in range(persons):
            # Kinect's tracking ids are long and stay with the body.
            parts.append(
                body
                % (72057594037900000 + person, *rows[person, frame].ravel().tolist())
            )
    return ''.join(parts)
