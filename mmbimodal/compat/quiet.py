"""Warnings of upstream that a user can do nothing about.

mmcv-lite announces at every import that it lacks compiled operators, none of
which a recognizer here uses. Can go when mmcv-lite no longer does.
"""

import warnings


def silence() -> None:
    """Ignore that one warning."""
    warnings.filterwarnings(
        'ignore', message='Fail to import ``MultiScaleDeformableAttention``'
    )
